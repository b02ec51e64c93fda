/* Escape times of z^2 + c in vectors of four floats, without looking whether z has overflowed: inf - inf. */
#include "program.h"
#define SIDE 16
typedef float f32x4 __attribute__((vector_size(16)));
typedef int i32x4 __attribute__((vector_size(16)));
static f32x4 last[SIDE * SIDE / 4];
static i32x4 escaped[SIDE * SIDE / 4];

u64 EXPORT(run) run(u32 rounds, u64 seed) {
    state = seed;
    float left = (float)number() - 1.0f, top = (float)number();
    for (u32 row = 0; row < SIDE; row++)
        for (u32 quad = 0; quad < SIDE / 4; quad++) {
            f32x4 lane = {0, 1, 2, 3};
            f32x4 re = (lane + (float)(4 * quad)) * (3.0f / SIDE) + left, im = (lane * 0.0f) + top + (float)row * (2.0f / SIDE);
            f32x4 a = re, b = im;
            i32x4 count = {0, 0, 0, 0};
            for (u32 round = 0; round < rounds; round++) {
                f32x4 aa = a * a, bb = b * b;
                count -= aa + bb <= 4.0f;
                b = a * b * 2.0f + im;
                a = aa - bb + re;
            }
            u32 at = row * (SIDE / 4) + quad;
            last[at] = a / b;
            escaped[at] = count;
        }
    return checksum(checksum(BASIS, last, sizeof last), escaped, sizeof escaped);
}
