/* Stacks of digits: each channel an image of the same split, the label its three digits. */
#include "data/sources.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

enum { PIXELS = 784, DIMS = 3 * PIXELS };

static void test_stacks(void)
{
    static const size_t count[SPLITS] = {2000, 50, 60};
    Dataset *images = digits_load("digits");
    Dataset *stacks = stacked_of(digits_load("digits"), "stacks", count);
    size_t all = dataset_total(stacks), first = 0;
    real *x = memory_new(DIMS, sizeof *x);
    CU_ASSERT(stacks->kind == DATA_COLOUR && stacks->dims == DIMS && stacks->classes == 1000);
    CU_ASSERT(all == 2110);
    for (int split = 0; split < SPLITS; split++) {
        size_t from = dataset_first(images, (Split)split), n = images->count[split];
        for (uint32_t i = 0; i < stacks->count[split]; i++, first++) {
            int label, wanted = 0;
            bool same = true;
            dataset_fetch(stacks, (Split)split, &i, 1, NULL, x, &label, NULL);
            for (int c = 0; c < 3; c++) {
                size_t image = stacks->part[3 * first + (size_t)c];
                same = same && image >= from && image < from + n;
                wanted = 10 * wanted + images->label[image];
                for (size_t p = 0; p < PIXELS; p++)
                    same = same && x[3 * p + (size_t)c] == images->level[image * PIXELS + p];
            }
            CU_ASSERT(same && label == wanted);
        }
    }
    free(x);
    dataset_free(stacks);
    dataset_free(images);
}

/* The three channels are drawn apart: the chance of a digit at a place is a tenth. 2000 stacks: a
 * count of 200 with standard deviation 13.4, 30 of them within 5. */
static void test_even(void)
{
    static const size_t count[SPLITS] = {2000, 1, 1};
    Dataset *stacks = stacked_of(digits_load("digits"), "stacks", count);
    int seen[3][10] = {{0}}, same = 0;
    for (int i = 0; i < 2000; i++) {
        int label = stacks->label[i];
        seen[0][label / 100]++;
        seen[1][label / 10 % 10]++;
        seen[2][label % 10]++;
        same += label / 100 == label / 10 % 10;
    }
    for (int c = 0; c < 3; c++)
        for (int d = 0; d < 10; d++)
            CU_ASSERT(abs(seen[c][d] - 200) < 67);
    CU_ASSERT(abs(same - 200) < 67);
    dataset_free(stacks);
}

const Suite suite = {
    "data/stacked",
    {{"stacks", test_stacks}, {"every digit at every place", test_even}, {NULL, NULL}}};
