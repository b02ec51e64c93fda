/* What the programs share: a generator of doubles with every special value among them, and a checksum of bits. */
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name)))

static u64 state;

static u64 next(void) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return state >> 11;
}

/* Mostly in (-1, 1); sometimes 0, infinity, huge, tiny, or a NaN with a payload. */
static double number(void) {
    switch (next() & 63) {
    case 0: return 0.0;
    case 1: return -__builtin_inf();
    case 2: return 1e308;
    case 3: return 5e-324;
    case 4: return __builtin_nan("0x1234");
    default: return (double)(long long)(next() & 0xFFFFFFFFFFFFull) * 0x1p-47 - 1.0;
    }
}

static u64 checksum(u64 sum, const void *data, u32 bytes) {
    const unsigned char *at = data;
    for (u32 i = 0; i < bytes; i++) sum = (sum ^ at[i]) * 0x100000001B3ull;
    return sum;
}
#define BASIS 0xCBF29CE484222325ull
