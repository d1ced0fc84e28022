#include "08-compare/compare_probe.h"

#include "support/fail.h"
#include "support/memory.h"

#include <string.h>

/* A copy without test examples: shape and kind, and room for `test` of them behind the others. */
static Dataset *probe_like(const Dataset *like, size_t test)
{
    Dataset *probe = memory_new(1, sizeof *probe);
    size_t kept = like->count[SPLIT_TRAIN] + like->count[SPLIT_VALIDATION];
    size_t dims = (size_t)like->dims;
    *probe = (Dataset){.name = memory_text(like->name),
                       .kind = like->kind,
                       .height = like->height,
                       .width = like->width,
                       .channels = like->channels,
                       .dims = like->dims,
                       .levels = like->levels,
                       .count = {like->count[SPLIT_TRAIN], like->count[SPLIT_VALIDATION], test},
                       .entropy = like->entropy};
    if (like->point != NULL) {
        probe->point = memory_new((kept + test) * dims, sizeof *probe->point);
        memcpy(probe->point, like->point, kept * dims * sizeof *probe->point);
    } else {
        probe->level = memory_new((kept + test) * dims, 1);
        memcpy(probe->level, like->level, kept * dims);
    }
    return probe;
}

Dataset *probe_states(const Dataset *like)
{
    if (like->kind != DATA_BINARY || like->fixed != NULL || like->dims > 20)
        fail("probe: the states of %s can't be counted out", like->name);
    size_t states = (size_t)1 << like->dims, dims = (size_t)like->dims;
    Dataset *probe = probe_like(like, states);
    uint8_t *bit = probe->level + dataset_first(probe, SPLIT_TEST) * dims;
    for (size_t s = 0; s < states; s++)
        for (size_t d = 0; d < dims; d++)
            bit[s * dims + d] = s >> d & 1;
    return probe;
}

Dataset *probe_plane(const Dataset *like, const Cells *cells)
{
    if (like->point == NULL || like->dims != 2)
        fail("probe: %s are not points of the plane", like->name);
    int count = cells->across * cells->across;
    Dataset *probe = probe_like(like, (size_t)count);
    float *point = probe->point + dataset_first(probe, SPLIT_TEST) * 2;
    for (int c = 0; c < count; c++) {
        double x[2];
        cells_centre(cells, c, x);
        point[2 * c] = (float)x[0];
        point[2 * c + 1] = (float)x[1];
    }
    return probe;
}
