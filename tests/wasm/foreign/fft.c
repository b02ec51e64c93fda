/* Radix-2 FFT in place of complex doubles; one NaN or infinity reaches every output. */
#include "program.h"
#define MOST 256
static double re[MOST], im[MOST];

/* Taylor series, for |x| <= pi. */
static double sine(double x) {
    double term = x, sum = x;
    for (int k = 1; k < 14; k++) term *= -x * x / ((2 * k) * (2 * k + 1)), sum += term;
    return sum;
}

u64 EXPORT(run) run(u32 logarithm, u64 seed) {
    u32 size = 1u << (logarithm & 7);
    state = seed;
    for (u32 i = 0; i < size; i++) re[i] = number(), im[i] = seed % 3 ? number() : -re[i];
    for (u32 i = 1, j = 0; i < size; i++) {
        u32 bit = size >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
            double a = re[i], b = im[i];
            re[i] = re[j], im[i] = im[j], re[j] = a, im[j] = b;
        }
    }
    for (u32 half = 1; half < size; half *= 2)
        for (u32 k = 0; k < half; k++) {
            double angle = -3.141592653589793 * k / half, s = sine(angle), c = sine(angle + 1.5707963267948966);
            for (u32 i = k; i < size; i += 2 * half) {
                u32 j = i + half;
                double a = re[j] * c - im[j] * s, b = re[j] * s + im[j] * c;
                re[j] = re[i] - a, im[j] = im[i] - b;
                re[i] += a, im[i] += b;
            }
        }
    return checksum(checksum(BASIS, re, sizeof re), im, sizeof im);
}
