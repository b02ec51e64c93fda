/* Gravity among N bodies, symplectic Euler; two bodies in one place give 0/0. */
#include "program.h"
#define MOST 16
static double x[MOST][3], v[MOST][3], mass[MOST];

u64 EXPORT(run) run(u32 steps, u64 seed) {
    state = seed;
    for (u32 i = 0; i < MOST; i++) {
        mass[i] = number() + 1.5;
        for (u32 k = 0; k < 3; k++) x[i][k] = number(), v[i][k] = number() * 0.1;
    }
    for (u32 k = 0; k < 3; k++) x[1][k] = seed & 1 ? x[0][k] : x[1][k];
    for (u32 step = 0; step < steps; step++) {
        for (u32 i = 0; i < MOST; i++)
            for (u32 j = i + 1; j < MOST; j++) {
                double d[3], square = 0.0;
                for (u32 k = 0; k < 3; k++) d[k] = x[i][k] - x[j][k], square += d[k] * d[k];
                double pull = 0.001 / (square * __builtin_sqrt(square));
                for (u32 k = 0; k < 3; k++) {
                    v[i][k] -= d[k] * mass[j] * pull;
                    v[j][k] += d[k] * mass[i] * pull;
                }
            }
        for (u32 i = 0; i < MOST; i++)
            for (u32 k = 0; k < 3; k++) x[i][k] += v[i][k] * 0.001;
    }
    return checksum(checksum(BASIS, x, sizeof x), v, sizeof v);
}
