/* The one number type of tensors: float in the library that users run, double in the second build
 * of the same sources that the gradient tests link (-DREAL_IS_DOUBLE). Nothing else may depend on
 * it. */
#ifndef SUPPORT_REAL_H
#define SUPPORT_REAL_H

#ifdef REAL_IS_DOUBLE
typedef double real;
#else
typedef float real;
#endif

#endif
