#include "nn/spectral.h"

#include <math.h>

static void to_length_one(Tensor *a)
{
    double squares = 0;
    for (size_t i = 0; i < a->size; i++)
        squares += (double)a->value[i] * (double)a->value[i];
    double length = fmax(sqrt(squares), 1e-12); /* a weight of zeros has no direction */
    for (size_t i = 0; i < a->size; i++)
        a->value[i] = (real)((double)a->value[i] / length);
}

Spectral spectral_create(Params *params, const char *name, Tensor *weight, Rng *rng)
{
    int rows = tensor_rows(weight), columns = tensor_columns(weight);
    Spectral s = {weight, params_buffer_of(params, name, "left", 1, &rows),
                  params_buffer_of(params, name, "right", 1, &columns)};
    rng_normal(rng, s.left->value, s.left->size);
    to_length_one(s.left);
    spectral_iterate(&s, 1);
    return s;
}

void spectral_iterate(const Spectral *spectral, int times)
{
    const real *w = spectral->weight->value;
    real *u = spectral->left->value, *v = spectral->right->value;
    size_t rows = spectral->left->size, columns = spectral->right->size;
    for (int t = 0; t < times; t++) {
        for (size_t j = 0; j < columns; j++)
            v[j] = 0;
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++)
                v[j] += u[i] * w[i * columns + j];
        to_length_one(spectral->right);
        for (size_t i = 0; i < rows; i++) {
            double sum = 0;
            for (size_t j = 0; j < columns; j++)
                sum += (double)w[i * columns + j] * (double)v[j];
            u[i] = (real)sum;
        }
        to_length_one(spectral->left);
    }
    spectral->left->version++;
    spectral->right->version++;
}

Tensor *spectral_weight(const Spectral *spectral)
{
    Tensor *w = spectral->weight;
    int rows = tensor_rows(w), columns = tensor_columns(w);
    Tensor *u = tensor_reshape(spectral->left, 2, (int[]){1, rows});
    Tensor *v = tensor_reshape(spectral->right, 2, (int[]){columns, 1});
    Tensor *matrix = tensor_reshape(w, 2, (int[]){rows, columns});
    Tensor *sigma = tensor_matmul(u, tensor_matmul(matrix, v));
    return tensor_reshape(tensor_div(matrix, sigma), w->rank, w->shape);
}
