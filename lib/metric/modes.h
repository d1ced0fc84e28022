/* Which modes of a distribution samples reach, and how evenly: what a likelihood would say about a
 * model that has none.
 *
 * Definitions of the counts: Srivastava et al. (2017), arXiv:1705.07761, sec. 4.1 (VEEGAN), and Lin
 * et al. (2018), arXiv:1712.04086, sec. 4.1 (PacGAN). */
#ifndef METRIC_MODES_H
#define METRIC_MODES_H

#include "support/real.h"

typedef struct ModeCount {
    int modes;           /* that there are                                                */
    int covered;         /* that have at least one sample, of a mixture one of high quality */
    double high_quality; /* share of samples within 3 standard deviations of the nearest centre, or
                            that are a pattern; NaN where there are neither */
    double reverse_kl; /* KL(shares of the samples || equal shares), nats: 0 at best, log(modes) at
                          worst. Even a perfect sampler gets about (modes - 1) / (2 n). */
} ModeCount;

/* Samples [n, dims] of a mixture of equal round Gaussians: centre [modes, dims], common standard
 * deviation sd. Each sample belongs to the nearest centre. */
ModeCount modes_of_mixture(const double *centre, int modes, int dims, double sd, const real *sample,
                           int n);

/* Samples [n, dims] of a distribution over so many patterns [modes, dims], all different and
 * equally likely: high_quality is the share of the samples that are one of them. */
ModeCount modes_of_patterns(const real *pattern, int modes, int dims, const real *sample, int n);

/* From how many samples fell to each of the modes: count [modes]. */
ModeCount modes_of_counts(const int *count, int modes);

#endif
