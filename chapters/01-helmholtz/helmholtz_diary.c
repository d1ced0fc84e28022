#include "01-helmholtz/helmholtz_diary.h"
#include "01-helmholtz/helmholtz_exact.h"

#include "support/memory.h"
#include "tensor/tape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Pairs of states that are gone through at a frame: a quarter of a second. */
static const double QUICK_PAIRS = 1 << 23;

static bool quickly_exact(const Helmholtz *machine)
{
    return exact_possible(machine) && exact_pairs(machine, DIARY_MOST_PATTERNS) <= QUICK_PAIRS;
}

static double angle_of(const Exact *exact, const Tensor *patterns)
{
    const Helmholtz *machine = exact->machine;
    if (!exact_sleep_possible(machine) || ldexp(1, machine->dims + machine->width[0]) > QUICK_PAIRS)
        return (double)DIARY_NOT_MEASURED;
    size_t numbers = exact_recognition_numbers(machine);
    double *gradient = memory_new(2 * numbers, sizeof *gradient);
    exact_elbo_gradient(exact, patterns->value, tensor_rows(patterns), gradient);
    exact_sleep_gradient(exact, gradient + numbers);
    double angle = exact_angle(gradient, gradient + numbers, numbers);
    free(gradient);
    return isfinite(angle) ? angle : (double)DIARY_NOT_MEASURED;
}

Diary *diary_create(const Helmholtz *machine, const Dataset *data)
{
    Diary *diary = memory_new(1, sizeof *diary);
    size_t all = data->count[SPLIT_TEST];
    int patterns = all < DIARY_MOST_PATTERNS ? (int)all : DIARY_MOST_PATTERNS;
    Rng rng = rng_stream(1, "diary patterns");
    diary->params = params_create();
    diary->dreams = params_buffer(diary->params, "dreams", 3,
                                  (int[]){DIARY_FRAMES, DIARY_DREAMS, machine->dims});
    diary->record = params_buffer(diary->params, "record", 2,
                                  (int[]){DIARY_FRAMES, RECORD_KL + machine->layers});
    diary->frames = params_buffer(diary->params, "frames", 1, (int[]){1});
    diary->patterns = params_buffer(diary->params, "patterns", 2, (int[]){patterns, machine->dims});
    dataset_fetch_range(data, SPLIT_TEST, 0, (size_t)patterns, &rng, diary->patterns->value, NULL,
                        NULL);
    return diary;
}

void diary_free(Diary *diary)
{
    free(diary);
}

long diary_step(int frame, long steps)
{
    return lround(pow((double)steps, (double)frame / (DIARY_FRAMES - 1))) - 1;
}

/* The same dreams each time, as far as the machine lets them: means of x given h_1. */
static void keep_dreams(const Helmholtz *machine, Tape *tape, int frame)
{
    Rng noise = rng_stream(1, "diary dreams");
    TapeMark mark = tape_mark(tape);
    bool recording = tape_record(tape, false);
    States dream = helmholtz_dream(machine, tape, DIARY_DREAMS, &noise);
    Tensor *mean = tensor_sigmoid(helmholtz_generative_logits(machine, 0, dream.layer[1]));
    memcpy(machine->diary->dreams->value + (size_t)frame * mean->size, mean->value,
           mean->size * sizeof *mean->value);
    tape_record(tape, recording);
    tape_release(tape, mark);
}

static void keep_exact(const Helmholtz *machine, real *record)
{
    const Tensor *patterns = machine->diary->patterns;
    int n = tensor_rows(patterns);
    Exact *exact = exact_create(machine);
    double sum[RECORD_KL + HELMHOLTZ_MOST_LAYERS] = {0};
    for (int i = 0; i < n; i++) {
        ExactValues v = exact_values(exact, patterns->value + (size_t)i * (size_t)machine->dims);
        sum[RECORD_LOG_PROB] += v.log_prob / n;
        sum[RECORD_ELBO] += exact_elbo(&v) / n;
        for (int l = 0; l < machine->layers; l++)
            sum[RECORD_KL + l] += v.kl[l] / n;
    }
    sum[RECORD_ANGLE] = angle_of(exact, patterns);
    for (int c = RECORD_LOG_PROB; c < RECORD_KL + machine->layers; c++)
        record[c] = (real)sum[c];
    exact_free(exact);
}

void diary_keep(const Helmholtz *machine, Tape *tape, long index, long steps)
{
    Diary *diary = machine->diary;
    int columns = RECORD_KL + machine->layers;
    for (int f = (int)diary->frames->value[0]; f < DIARY_FRAMES && diary_step(f, steps) <= index;
         f++) {
        real *record = diary->record->value + (size_t)f * (size_t)columns;
        record[RECORD_STEP] = (real)index;
        for (int c = RECORD_LOG_PROB; c < columns; c++)
            record[c] = DIARY_NOT_MEASURED;
        keep_dreams(machine, tape, f);
        if (quickly_exact(machine))
            keep_exact(machine, record);
        diary->frames->value[0] = (real)(f + 1);
    }
}
