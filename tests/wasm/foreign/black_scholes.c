/* Calls and puts; a negative spot, strike or variance gives NaNs. Prices in double and, beside them, in float. */
#include "program.h"
#define MOST 64
static double call[MOST], put[MOST], inputs[MOST][4];
static float rough[MOST];

static double power_of_two(int n) {
    union { u64 bits; double value; } word = {(u64)(1023 + n) << 52};
    return word.value;
}

static double exponential(double x) {
    x = x > 700.0 ? 700.0 : x;
    x = x < -700.0 ? -700.0 : x;
    double n = __builtin_rint(x * 1.4426950408889634), r = x - n * 0.6931471805599453, sum = 1.0;
    for (int k = 12; k > 0; k--) sum = 1.0 + r / k * sum;
    return x == x ? sum * power_of_two((int)n) : x;
}

static double logarithm(double x) {
    if (!(x > 0.0)) return x == 0.0 ? -__builtin_inf() : __builtin_sqrt(x);
    union { double value; u64 bits; } word = {x};
    int n = (int)(word.bits >> 52) - 1023;
    word.bits = (word.bits & 0xFFFFFFFFFFFFFull) | 1023ull << 52;
    double t = (word.value - 1.0) / (word.value + 1.0), sum = 0.0;
    for (int k = 21; k > 0; k -= 2) sum = sum * t * t + 1.0 / k;
    return 2.0 * t * sum + n * 0.6931471805599453;
}

/* Abramowitz and Stegun 26.2.17. */
static double normal(double x) {
    double z = __builtin_fabs(x), t = 1.0 / (1.0 + 0.2316419 * z);
    double tail = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
    tail *= 0.3989422804014327 * exponential(-0.5 * x * x);
    return __builtin_copysign(0.5 - tail, x) + 0.5;
}

u64 EXPORT(run) run(u32 count, u64 seed) {
    if (count > MOST) count = MOST;
    state = seed;
    for (u32 i = 0; i < count; i++)
        for (u32 k = 0; k < 4; k++) inputs[i][k] = number() + (k < 2 ? 1.5 : 0.75);
    for (u32 i = 0; i < count; i++) {
        double spot = inputs[i][0], strike = inputs[i][1], expiry = inputs[i][2], volatility = inputs[i][3];
        double deviation = volatility * __builtin_sqrt(expiry), d1 = logarithm(spot / strike) / deviation + 0.5 * deviation;
        call[i] = spot * normal(d1) - strike * normal(d1 - deviation);
        put[i] = call[i] - spot + strike;
    }
    for (u32 i = 0; i < count; i++) {
        float low = (float)call[i], high = (float)put[i];
        rough[i] = (low < high ? low : high) + (float)inputs[i][0];
    }
    u64 sum = checksum(checksum(BASIS, call, sizeof call), put, sizeof put);
    return checksum(sum, rough, sizeof rough);
}
