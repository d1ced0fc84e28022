/* The convolutions of the two tables, for the files that fill them. Contracts: kernels.h. */
#ifndef TENSOR_KERNELS_CONV_H
#define TENSOR_KERNELS_CONV_H

#include "tensor/kernels.h"

/* kernels_portable_conv.c */
void portable_conv_forward(Backend *backend, const Conv *conv, const real *x, ConvWeight weight,
                           const real *bias, real *y);
void portable_conv_backward_data(Backend *backend, const Conv *conv, ConvWeight weight,
                                 const real *dy, real *dx);
void portable_conv_backward_weight(Backend *backend, const Conv *conv, const real *x,
                                   const real *dy, real *dweight, real *dbias);

/* kernels_onednn_conv.c */
void onednn_conv_forward(Backend *backend, const Conv *conv, const real *x, ConvWeight weight,
                         const real *bias, real *y);
void onednn_conv_backward_data(Backend *backend, const Conv *conv, ConvWeight weight,
                               const real *dy, real *dx);
void onednn_conv_backward_weight(Backend *backend, const Conv *conv, const real *x, const real *dy,
                                 real *dweight, real *dbias);
Backend *onednn_open(void);
void onednn_close(Backend *backend);
void onednn_forget(Backend *backend);

#endif
