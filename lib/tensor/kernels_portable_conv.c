/* Convolutions as plain loops over output positions, kernel positions and channels; the innermost
 * loop runs over output channels, which lie next to each other in y and in the weight. */
#include "tensor/kernels_conv.h"

#include <stddef.h>
#include <string.h>

/* Offset of the channels at (image, row, column). */
static size_t at(int image, int row, int column, int height, int width, int channels)
{
    return (((size_t)image * (size_t)height + (size_t)row) * (size_t)width + (size_t)column) *
           (size_t)channels;
}

/* First and last + 1 kernel position that meet the image, for the output position that starts
 * there. */
static int first_inside(int start)
{
    return start < 0 ? -start : 0;
}

static int end_inside(int start, int kernel, int size)
{
    return start + kernel > size ? size - start : kernel;
}

static void forward_position(const Conv *c, const real *x, const real *weight, real *y, int n,
                             int i, int j)
{
    int top = i * c->stride - c->padding, left = j * c->stride - c->padding;
    real *restrict to = y + at(n, i, j, c->out_height, c->out_width, c->out);
    for (int k = first_inside(top); k < end_inside(top, c->kernel_height, c->height); k++)
        for (int l = first_inside(left); l < end_inside(left, c->kernel_width, c->width); l++) {
            const real *from = x + at(n, top + k, left + l, c->height, c->width, c->in);
            const real *w = weight + ((size_t)k * (size_t)c->kernel_width + (size_t)l) *
                                         (size_t)(c->in * c->out);
            for (int in = 0; in < c->in; in++) {
                const real *restrict row = w + (size_t)in * (size_t)c->out;
                const real value = from[in];
                for (int o = 0; o < c->out; o++)
                    to[o] += value * row[o];
            }
        }
}

void portable_conv_forward(Backend *backend, const Conv *c, const real *x, ConvWeight weight,
                           const real *bias, real *y)
{
    (void)backend;
#pragma omp parallel for schedule(static)
    for (int n = 0; n < c->n; n++)
        for (int i = 0; i < c->out_height; i++)
            for (int j = 0; j < c->out_width; j++) {
                real *to = y + at(n, i, j, c->out_height, c->out_width, c->out);
                for (int o = 0; o < c->out; o++)
                    to[o] = bias != NULL ? bias[o] : 0;
                forward_position(c, x, weight.value, y, n, i, j);
            }
}

static void data_position(const Conv *c, const real *weight, const real *dy, real *dx, int n, int i,
                          int j)
{
    int top = i * c->stride - c->padding, left = j * c->stride - c->padding;
    const real *from = dy + at(n, i, j, c->out_height, c->out_width, c->out);
    for (int k = first_inside(top); k < end_inside(top, c->kernel_height, c->height); k++)
        for (int l = first_inside(left); l < end_inside(left, c->kernel_width, c->width); l++) {
            real *to = dx + at(n, top + k, left + l, c->height, c->width, c->in);
            const real *w = weight + ((size_t)k * (size_t)c->kernel_width + (size_t)l) *
                                         (size_t)(c->in * c->out);
            for (int in = 0; in < c->in; in++) {
                const real *row = w + (size_t)in * (size_t)c->out;
                real sum = 0;
#pragma omp simd reduction(+ : sum)
                for (int o = 0; o < c->out; o++)
                    sum += from[o] * row[o];
                to[in] += sum;
            }
        }
}

void portable_conv_backward_data(Backend *backend, const Conv *c, ConvWeight weight, const real *dy,
                                 real *dx)
{
    (void)backend;
    size_t image = (size_t)c->height * (size_t)c->width * (size_t)c->in;
#pragma omp parallel for schedule(static)
    for (int n = 0; n < c->n; n++) {
        memset(dx + (size_t)n * image, 0, image * sizeof *dx);
        for (int i = 0; i < c->out_height; i++)
            for (int j = 0; j < c->out_width; j++)
                data_position(c, weight.value, dy, dx, n, i, j);
    }
}

/* The share of one image in the weights of kernel position (k, l). */
static void weight_image(const Conv *c, const real *x, const real *dy, real *dw, int n, int k,
                         int l)
{
    for (int i = 0; i < c->out_height; i++) {
        int row = i * c->stride - c->padding + k;
        for (int j = 0; row >= 0 && row < c->height && j < c->out_width; j++) {
            int column = j * c->stride - c->padding + l;
            if (column < 0 || column >= c->width)
                continue;
            const real *from = x + at(n, row, column, c->height, c->width, c->in);
            const real *restrict slope = dy + at(n, i, j, c->out_height, c->out_width, c->out);
            for (int in = 0; in < c->in; in++) {
                real *restrict to = dw + (size_t)in * (size_t)c->out;
                const real value = from[in];
                for (int o = 0; o < c->out; o++)
                    to[o] += value * slope[o];
            }
        }
    }
}

void portable_conv_backward_weight(Backend *backend, const Conv *c, const real *x, const real *dy,
                                   real *dweight, real *dbias)
{
    (void)backend;
    int positions = c->kernel_height * c->kernel_width;
    size_t each = (size_t)c->in * (size_t)c->out;
#pragma omp parallel for schedule(static)
    for (int p = 0; p < positions; p++) {
        memset(dweight + (size_t)p * each, 0, each * sizeof *dweight);
        for (int n = 0; n < c->n; n++)
            weight_image(c, x, dy, dweight + (size_t)p * each, n, p / c->kernel_width,
                         p % c->kernel_width);
    }
    if (dbias == NULL)
        return;
    size_t rows = (size_t)c->n * (size_t)c->out_height * (size_t)c->out_width;
    memset(dbias, 0, (size_t)c->out * sizeof *dbias);
    for (size_t r = 0; r < rows; r++)
        for (int o = 0; o < c->out; o++)
            dbias[o] += dy[r * (size_t)c->out + (size_t)o];
}
