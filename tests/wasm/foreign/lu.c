/* LU decomposition with partial pivoting, and a solution; singular matrices divide by zero. */
#include "program.h"
#define MOST 24
static double a[MOST][MOST], y[MOST];

u64 EXPORT(run) run(u32 n, u64 seed) {
    if (n > MOST) n = MOST;
    state = seed;
    for (u32 i = 0; i < n; i++) {
        y[i] = number();
        for (u32 j = 0; j < n; j++) a[i][j] = seed % 4 == 3 ? (double)(i + j) : number();
    }
    for (u32 k = 0; k < n; k++) {
        u32 pivot = k;
        for (u32 i = k + 1; i < n; i++)
            if (__builtin_fabs(a[i][k]) > __builtin_fabs(a[pivot][k])) pivot = i;
        for (u32 j = 0; j < n; j++) {
            double swap = a[k][j];
            a[k][j] = a[pivot][j], a[pivot][j] = swap;
        }
        double swap = y[k];
        y[k] = y[pivot], y[pivot] = swap;
        for (u32 i = k + 1; i < n; i++) {
            double factor = a[i][k] /= a[k][k];
            for (u32 j = k + 1; j < n; j++) a[i][j] -= factor * a[k][j];
            y[i] -= factor * y[k];
        }
    }
    for (u32 i = n; i-- > 0;) {
        for (u32 j = i + 1; j < n; j++) y[i] -= a[i][j] * y[j];
        y[i] = -(-y[i] / a[i][i]); /* the sign of a NaN */
    }
    return checksum(checksum(BASIS, a, sizeof a), y, sizeof y);
}
