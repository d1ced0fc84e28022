/* How many known causes a latent moves: of decoders that draw digits by their causes, so that the
 * answer is known. */
#include "data/digits.h"
#include "harness/suite.h"
#include "train/traverse.h"

#include <math.h>

/* z moves the causes of the digit 3; rows of the mixing matrix are causes, columns latents. */
static Tensor *draw(Tensor *z, const double mix[3][3])
{
    enum { PIXELS = DIGITS_SIDE * DIGITS_SIDE };
    static const float none[DIGITS_JITTERS] = {0};
    Tensor *x = tensor_new_matrix(z->tape, tensor_rows(z), PIXELS);
    for (int i = 0; i < tensor_rows(z); i++) {
        double cause[3] = {0};
        uint8_t level[PIXELS];
        DigitPath path;
        for (int c = 0; c < 3; c++)
            for (int j = 0; j < 3; j++)
                cause[c] += mix[c][j] * fmin(fmax((double)z->value[3 * i + j], -2), 2) / 2;
        DigitStyle style = {.slant = (float)(0.35 * cause[0]),
                            .thickness = 2.4f,
                            .size = 16.5f,
                            .shift_x = (float)(2 * cause[1]),
                            .shift_y = (float)(2 * cause[2])};
        digits_path(3, style, none, &path);
        digits_ink(&path, style.thickness, level);
        for (int p = 0; p < PIXELS; p++)
            x->value[i * PIXELS + p] = level[p];
    }
    return x;
}

static Tensor *one_each(const Model *model, Tensor *z)
{
    static const double mix[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    (void)model;
    return draw(z, mix);
}

/* Every latent moves all three; the rows have length at most 1, so that no cause leaves its range.
 */
static Tensor *all_together(const Model *model, Tensor *z)
{
    static const double mix[3][3] = {{0.33, 0.33, 0.33}, {0.33, 0.33, -0.33}, {0.33, -0.33, 0.33}};
    (void)model;
    return draw(z, mix);
}

static Tensor *nothing(const Model *model, Tensor *z)
{
    static const double mix[3][3] = {{0}};
    (void)model;
    return draw(z, mix);
}

static void test_decoders(void)
{
    Model model = {0};
    Dataset *data = dataset_load("digits");
    Tape *tape = tape_create(kernels_best());
    Task task = {.data = data, .tape = tape, .quiet = true};
    Traverse apart = traverse_measure(&(LatentDecoder){&model, 3, one_each}, &task);
    CU_ASSERT(apart.width == 3 && apart.causes == 6);
    for (int c = 0; c < 6; c++)
        CU_ASSERT(apart.reader[c] > 0.9); /* slant, thickness, size, shifts, class */
    CU_ASSERT(apart.moved < 1.3);
    const int moves[3] = {0, 3, 4}; /* slant, shift_x, shift_y */
    for (int j = 0; j < 3; j++)
        for (int c = 0; c < 6; c++) {
            double share = apart.share[6 * j + c];
            CU_ASSERT(c == moves[j] ? share > 0.7 : share < 0.1);
        }
    Traverse mixed = traverse_measure(&(LatentDecoder){&model, 3, all_together}, &task);
    CU_ASSERT(mixed.moved > 2.4 && mixed.moved < 3.6);
    data->factors = 0; /* as of data whose causes are not known */
    Traverse still = traverse_measure(&(LatentDecoder){&model, 3, nothing}, &task);
    CU_ASSERT(still.causes == 0 && isnan(still.moved));
    CU_ASSERT(still.pixel[0] == 0 && still.pixel[1] == 0);
    traverse_free(&apart);
    traverse_free(&mixed);
    traverse_free(&still);
    tape_free(tape);
    dataset_free(data);
}

static void test_participation(void)
{
    const double one[3] = {0, 0.4, 0}, even[3] = {0.2, 0.2, 0.2}, none[3] = {0};
    CU_ASSERT(fabs(traverse_participation(one, 3) - 1) < 1e-12);
    CU_ASSERT(fabs(traverse_participation(even, 3) - 3) < 1e-12);
    CU_ASSERT(isnan(traverse_participation(none, 3)));
}

const Suite suite = {"train/traverse",
                     {{"participation", test_participation},
                      {"decoders that are known", test_decoders},
                      {NULL, NULL}}};
