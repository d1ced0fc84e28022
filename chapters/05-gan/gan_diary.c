#include "05-gan/gan_diary.h"

#include "metric/modes.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int samples_kept(const Gan *gan)
{
    return gan->kind == DATA_POINTS ? DIARY_POINTS : DIARY_IMAGES;
}

GanDiary *gan_diary_create(const Gan *gan, const Dataset *data)
{
    GanDiary *diary = memory_new(1, sizeof *diary);
    size_t numbers = (size_t)data->modes * (size_t)data->dims;
    diary->params = params_create();
    diary->samples = params_buffer(diary->params, "samples", 3,
                                   (int[]){DIARY_FRAMES, samples_kept(gan), gan->dims});
    diary->record =
        params_buffer(diary->params, "record", 2, (int[]){DIARY_FRAMES, RECORD_COLUMNS});
    diary->frames = params_buffer(diary->params, "frames", 1, (int[]){1});
    diary->modes = data->modes;
    diary->mode_sd = data->mode_sd;
    diary->mode = memory_new(numbers + 1, sizeof *diary->mode);
    if (numbers > 0)
        memcpy(diary->mode, data->mode, numbers * sizeof *diary->mode);
    return diary;
}

void gan_diary_free(GanDiary *diary)
{
    free(diary->mode);
    free(diary);
}

long gan_diary_step(int frame, long steps)
{
    double along = (double)frame / (DIARY_FRAMES - 1);
    return lround(along * along * (double)(steps - 1));
}

/* n examples from the same noise each time, in the data's units; free with free(). */
static real *samples_of(Gan *gan, Tape *tape, const char *stream, int n)
{
    Rng noise = rng_stream(1, stream);
    real *x = memory_new((size_t)n * (size_t)gan->dims, sizeof *x);
    int *label = family_labels_in_turn(&gan->model, gan->generator.shape.classes, n);
    bool recording = tape_record(tape, false);
    gan_family.sample(&gan->model, tape, &noise, &(SampleRequest){.n = n, .label = label}, x);
    tape_record(tape, recording);
    free(label);
    return x;
}

static void keep_frame(Gan *gan, Tape *tape, int frame, long index)
{
    GanDiary *diary = gan->diary;
    int n = samples_kept(gan);
    size_t numbers = (size_t)n * (size_t)gan->dims;
    real *record = diary->record->value + (size_t)frame * RECORD_COLUMNS;
    model_swap_ema(&gan->model); /* what sampling uses */
    real *x = samples_of(gan, tape, "diary samples", n);
    memcpy(diary->samples->value + (size_t)frame * numbers, x, numbers * sizeof *x);
    free(x);
    record[RECORD_STEP] = (real)index;
    if (diary->modes > 0) {
        x = samples_of(gan, tape, "diary measured", DIARY_MEASURED);
        ModeCount found = modes_of_mixture(diary->mode, diary->modes, gan->dims, diary->mode_sd, x,
                                           DIARY_MEASURED);
        record[RECORD_COVERED] = (real)found.covered;
        record[RECORD_HIGH_QUALITY] = (real)found.high_quality;
        record[RECORD_REVERSE_KL] = (real)found.reverse_kl;
        free(x);
    }
    model_swap_ema(&gan->model);
}

void gan_diary_keep(Gan *gan, Tape *tape, long index, long steps)
{
    GanDiary *diary = gan->diary;
    for (int f = (int)diary->frames->value[0];
         f < DIARY_FRAMES && gan_diary_step(f, steps) <= index; f++) {
        keep_frame(gan, tape, f, index);
        diary->frames->value[0] = (real)(f + 1);
    }
}
