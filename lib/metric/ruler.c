#include "metric/ruler.h"

#include "support/fail.h"

#include <string.h>

static const int CHANNELS[RULER_CONVS] = {24, 48, 48};

Ruler ruler_create(Params *params, int height, int width, int classes, Rng *rng)
{
    static const char *const name[RULER_CONVS] = {"conv0", "conv1", "conv2"};
    Ruler ruler = {.height = height, .width = width, .classes = classes};
    int in = 4, rows = height / 2, columns = width / 2;
    if (height % 2 != 0 || width % 2 != 0 || classes < 2)
        fail("ruler: %d x %d pixels, %d classes; sides are even, and at least 2 classes", height,
             width, classes);
    for (int i = 0; i < RULER_CONVS; i++) {
        int stride = i == 0 ? 1 : 2;
        ruler.conv[i] =
            conv2d_create(params, name[i], 3, in, CHANNELS[i], stride, ACTIVATION_RELU, rng);
        rows = (rows + stride - 1) / stride;
        columns = (columns + stride - 1) / stride;
        in = CHANNELS[i];
    }
    ruler.feature =
        linear_create(params, "feature", rows * columns * in, RULER_FEATURES, ACTIVATION_RELU, rng);
    ruler.out = linear_create(params, "out", RULER_FEATURES, classes, ACTIVATION_NONE, rng);
    return ruler;
}

/* Pixels of 2 x 2 become channels first: convolutions with one channel are slow. */
Tensor *ruler_features(const Ruler *ruler, Tensor *x)
{
    int n = tensor_rows(x);
    Tensor *image = tensor_reshape(x, 4, (int[]){n, ruler->height, ruler->width, 1});
    Tensor *h = tensor_space_to_depth(image, 2);
    for (int i = 0; i < RULER_CONVS; i++)
        h = conv2d_forward(&ruler->conv[i], h);
    return linear_forward(&ruler->feature, tensor_reshape(h, 2, (int[]){n, -1}));
}

Tensor *ruler_logits(const Ruler *ruler, Tensor *features)
{
    return linear_forward(&ruler->out, features);
}

int ruler_class(const real *logit, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        best = logit[i] > logit[best] ? i : best;
    return best;
}

void ruler_measure(const Ruler *ruler, Params *params, const real *image, int n, real *feature,
                   int *class)
{
    enum { AT_ONCE = 500 };
    int dims = ruler->height * ruler->width;
    Tape *tape = tape_create(kernels_best());
    tape_record(tape, false);
    for (int first = 0; first < n; first += AT_ONCE) {
        int rows = n - first < AT_ONCE ? n - first : AT_ONCE;
        tape_reset(tape);
        params_bind(params, tape);
        Tensor *x = tensor_from(tape, 2, (int[]){rows, dims}, image + (size_t)first * (size_t)dims);
        Tensor *features = ruler_features(ruler, x);
        memcpy(feature + (size_t)first * RULER_FEATURES, features->value,
               features->size * sizeof *feature);
        Tensor *logits = class != NULL ? ruler_logits(ruler, features) : NULL;
        for (int i = 0; class != NULL && i < rows; i++)
            class[first + i] =
                ruler_class(logits->value + (size_t)i * (size_t)ruler->classes, ruler->classes);
    }
    tape_free(tape);
}
