/* bin/boltzmann hopfield: stores images, damages them, recalls them, and measures what a network
 * can hold. */
#include "01-boltzmann/hopfield.h"

#include "data/dataset.h"
#include "plot/figure.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "support/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const OptionSpec options_table[] = {
    {"data", OPTION_TEXT, "digits-binary", "NAME", "binary images, by name", 0, 0, NULL},
    {"patterns", OPTION_INT, "5", "P", "images to store, of each class in turn", 1, 1000, NULL},
    {"damage", OPTION_REAL, "0.2", "SHARE", "share of the pixels that are turned over", 0, 1, NULL},
    {"temperature", OPTION_REAL, "0", "T", "0: downhill; above: Glauber's dynamics", 0, 1e6, NULL},
    {"sweeps", OPTION_INT, "20", "N", "most updates of every unit", 1, 100000, NULL},
    {"units", OPTION_INTS, "100,250,500,1000", "N,N...", "networks of the capacity experiment", 10,
     3000, NULL},
    {"networks", OPTION_INT, "5", "N", "networks of each size", 1, 1000, NULL},
    {"seed", OPTION_INT, "1", "N", "of patterns, damage and order", 0, 1e15, NULL},
    {"out", OPTION_TEXT, "runs/hopfield", "DIR", "folder of the figures", 0, 0, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

enum { SHOWN = 10, SWEEPS_SHOWN = 4, LOADS = 25, PROBES = 10 };

/* How images are stored. */
enum { HEBB, PROJECTION, RULES };

/* Images as patterns, and what became of them: [patterns, units] each. */
typedef struct Memory {
    const Dataset *data;
    int patterns, units;
    int8_t *stored, *damaged, *recalled[RULES];
} Memory;

/* ---------------------------------------------------------------- images */

/* The first examples, of each class in turn where there are classes: index [n]. */
static void choose(const Dataset *data, int n, uint32_t *index)
{
    enum { SEARCHED = 100000 };
    const uint16_t *label = data->label;
    int found = 0,
        most = data->count[SPLIT_TRAIN] < SEARCHED ? (int)data->count[SPLIT_TRAIN] : SEARCHED;
    bool *taken = memory_new((size_t)most, sizeof *taken);
    while (found < n) {
        int before = found;
        for (int i = 0; i < most && found < n; i++)
            if (!taken[i] && (data->classes == 0 || label[i] == found % data->classes)) {
                taken[i] = true;
                index[found++] = (uint32_t)i;
            }
        if (found == before)
            refuse("--patterns %d: %s has too few examples of class %d", n, data->name,
                   found % data->classes);
    }
    free(taken);
}

static Memory memory_load(const Dataset *data, const Options *options, Rng *rng)
{
    Memory memory = {data, (int)options_int(options, "patterns"), data->dims, NULL, NULL, {NULL}};
    if (data->kind != DATA_BINARY)
        refuse("--data %s: a Hopfield network stores binary images; try --data digits-binary",
               data->name);
    if ((size_t)memory.patterns > data->count[SPLIT_TRAIN])
        refuse_usage("--patterns %d: %s has %zu examples", memory.patterns, data->name,
                     data->count[SPLIT_TRAIN]);
    size_t n = (size_t)memory.patterns * (size_t)memory.units;
    real *x = memory_new(n, sizeof *x);
    uint32_t *index = memory_new((size_t)memory.patterns, sizeof *index);
    choose(data, memory.patterns, index);
    dataset_fetch(data, SPLIT_TRAIN, index, (size_t)memory.patterns, rng, x, NULL, NULL);
    memory.stored = memory_new(n, 1);
    memory.damaged = memory_new(n, 1);
    for (int rule = 0; rule < RULES; rule++)
        memory.recalled[rule] = memory_new(n, 1);
    for (size_t i = 0; i < n; i++)
        memory.stored[i] = x[i] > 0 ? 1 : -1;
    free(index);
    free(x);
    return memory;
}

static void memory_free(Memory *memory)
{
    free(memory->stored);
    free(memory->damaged);
    free(memory->recalled[HEBB]);
    free(memory->recalled[PROJECTION]);
}

static void damage_all(Memory *memory, double damage, Rng *rng)
{
    size_t units = (size_t)memory->units;
    for (size_t p = 0; p < (size_t)memory->patterns; p++) {
        memcpy(memory->damaged + p * units, memory->stored + p * units, units);
        hopfield_damage(memory->damaged + p * units, memory->units, damage, rng);
    }
}

static void draw_images(Figures *figures, const Memory *memory, double damage)
{
    static const char *const label[] = {"stored", "damaged", "Hebb", "projection"};
    const int8_t *row[] = {memory->stored, memory->damaged, memory->recalled[HEBB],
                           memory->recalled[PROJECTION]};
    enum { ROWS = 4 };
    int columns = memory->patterns < SHOWN ? memory->patterns : SHOWN;
    size_t block = (size_t)columns * (size_t)memory->units;
    real *pixel = memory_new(ROWS * block, sizeof *pixel);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < block; i++)
            pixel[r * block + i] = row[r][i] > 0 ? 1 : 0;
    char *title = memory_format("%d images stored, %.0f %% of the pixels turned over, recalled",
                                memory->patterns, 100 * damage);
    FigureImages images = {
        pixel, ROWS * columns, memory->data->height, memory->data->width, 1, ROWS, columns, label,
        NULL};
    figure_images(figures, &(FigureText){.name = "recall", .title = title}, &images);
    free(title);
    free(pixel);
}

/* Energies [n, updates] of the first patterns over the updates. */
static void draw_energies(Figures *figures, const double *energy, int n, size_t updates)
{
    FigureCurve curve[SHOWN] = {{0}};
    char text[SHOWN][16];
    for (int p = 0; p < n; p++) {
        snprintf(text[p], sizeof *text, "image %d", p + 1);
        curve[p] = (FigureCurve){.label = text[p], .y = energy + (size_t)p * updates};
    }
    figure_lines(
        figures,
        &(FigureText){.name = "energy",
                      .title = "Recall by Hebb's weights: energy after each update of a unit",
                      .x_label = "updates",
                      .y_label = "E = -1/2 s'W s"},
        &(FigureLines){.n = updates, .curve = curve, .curves = n});
}

/* Lets the network recall damaged image p; energy [updates]: NaN where none was made. */
static void recall_one(const Hopfield *net, const Memory *memory, int p, int8_t *s,
                       const Options *options, Rng *rng, double *energy)
{
    size_t units = (size_t)memory->units;
    double temperature = options_real(options, "temperature");
    double *path = memory_new(units, sizeof *path);
    memcpy(s, memory->damaged + (size_t)p * units, units);
    for (size_t u = 0; u < SWEEPS_SHOWN * units; u++)
        energy[u] = NAN;
    for (long t = 0; t < options_int(options, "sweeps"); t++) {
        int changed = hopfield_sweep(net, s, temperature, rng, path);
        if (t < SWEEPS_SHOWN)
            memcpy(energy + (size_t)t * units, path, units * sizeof *path);
        else if (changed == 0 && temperature == 0)
            break;
    }
    free(path);
}

/* Recalls all images by the weights of a rule and prints how well; Hebb's energies are drawn. */
static void recall_all(const Hopfield *net, Memory *memory, int rule, const Options *options,
                       Figures *figures, Rng *rng)
{
    size_t units = (size_t)memory->units, updates = SWEEPS_SHOWN * units;
    int n = memory->patterns, exact = 0;
    double before = 0, after = 0, *energy = memory_new((size_t)n * updates, sizeof *energy);
    for (int p = 0; p < n; p++) {
        const int8_t *stored = memory->stored + (size_t)p * units;
        int8_t *s = memory->recalled[rule] + (size_t)p * units;
        recall_one(net, memory, p, s, options, rng, energy + (size_t)p * updates);
        double overlap = hopfield_overlap(s, stored, memory->units);
        before += hopfield_overlap(memory->damaged + (size_t)p * units, stored, memory->units) / n;
        after += overlap / n;
        exact += overlap == 1;
    }
    printf("%-10s  overlap %.4f damaged, %.4f recalled; %d of %d images without an error\n",
           rule == HEBB ? "Hebb" : "projection", before, after, exact, n);
    if (rule == HEBB)
        draw_energies(figures, energy, n < SHOWN ? n : SHOWN, updates);
    free(energy);
}

static void recall_images(Memory *memory, const Options *options, Figures *figures, Rng *rng)
{
    Hopfield hebb = hopfield_create(memory->units), projection = hopfield_create(memory->units);
    for (int p = 0; p < memory->patterns; p++)
        hopfield_store(&hebb, memory->stored + (size_t)p * (size_t)memory->units);
    hopfield_project(&projection, memory->stored, memory->patterns);
    damage_all(memory, options_real(options, "damage"), rng);
    printf("%d images of %s in %d units, T = %g\n", memory->patterns, memory->data->name,
           memory->units, options_real(options, "temperature"));
    recall_all(&hebb, memory, HEBB, options, figures, rng);
    recall_all(&projection, memory, PROJECTION, options, figures, rng);
    draw_images(figures, memory, options_real(options, "damage"));
    hopfield_free(&hebb);
    hopfield_free(&projection);
}

/* ---------------------------------------------------------------- experiments */

static void draw_capacity(const Options *options, Figures *figures, Rng *rng)
{
    int units[OPTIONS_MOST_INTS], sizes = options_ints(options, "units", units);
    int networks = (int)options_int(options, "networks");
    double load[LOADS], overlap[OPTIONS_MOST_INTS][LOADS];
    char text[OPTIONS_MOST_INTS][24];
    FigureCurve curve[OPTIONS_MOST_INTS] = {{0}};
    for (int l = 0; l < LOADS; l++)
        load[l] = 0.01 * (l + 1);
    for (int n = 0; n < sizes; n++) {
        hopfield_capacity(units[n], load, LOADS, networks, PROBES, rng, overlap[n]);
        snprintf(text[n], sizeof *text, "N = %d", units[n]);
        curve[n] = (FigureCurve){.label = text[n], .y = overlap[n]};
    }
    printf(
        "\noverlap with a stored random pattern after recall that began there (%d networks)\n%8s",
        networks, "P/N");
    for (int n = 0; n < sizes; n++)
        printf(" %10s", text[n]);
    for (int l = 0; l < LOADS; l++) {
        printf("\n%8.2f", load[l]);
        for (int n = 0; n < sizes; n++)
            printf(" %10.4f", overlap[n][l]);
    }
    printf("\n%8s", "falls at");
    for (int n = 0; n < sizes; n++)
        printf(" %10.4f", hopfield_fall(load, overlap[n], LOADS, 0.7));
    printf("   (through 0.7; for N to infinity 0.138: Amit, Gutfreund & Sompolinsky 1985)\n");
    figure_lines(figures,
                 &(FigureText){.name = "capacity",
                               .title = "Memory breaks down near P = 0.138 N",
                               .x_label = "load P / N",
                               .y_label = "overlap after recall"},
                 &(FigureLines){.x = load, .n = LOADS, .curve = curve, .curves = sizes});
}

static void draw_temperatures(Figures *figures, Rng *rng)
{
    enum { POINTS = 14, UNITS = 1000, PATTERNS = 1, SWEEPS = 50 };
    double temperature[POINTS], measured[POINTS], theory[POINTS];
    for (int t = 0; t < POINTS; t++) {
        temperature[t] = 0.1 * (t + 1);
        measured[t] = hopfield_warm_overlap(UNITS, PATTERNS, temperature[t], SWEEPS, rng);
        theory[t] = hopfield_mean_field(temperature[t]);
    }
    FigureCurve curve[] = {{.label = "measured, N = 1000, P = 1", .y = measured},
                           {.label = "m = tanh(m / T)", .y = theory}};
    figure_lines(figures,
                 &(FigureText){.name = "temperature",
                               .title = "Warmth melts a memory",
                               .x_label = "temperature",
                               .y_label = "overlap with the stored pattern"},
                 &(FigureLines){.x = temperature, .n = POINTS, .curve = curve, .curves = 2});
}

int hopfield_main(int argc, char **argv)
{
    static const char purpose[] =
        "The Hopfield network (Hopfield 1982): stores images as valleys of an energy, recalls\n"
        "damaged ones by going downhill, and measures how many random patterns fit (0.138 N).";
    const OptionSpec *tables[] = {options_table, NULL};
    Options *options = options_parse("boltzmann hopfield", purpose, tables, argc, argv);
    Dataset *data = dataset_load(options_text(options, "data"));
    uint64_t seed = (uint64_t)options_int(options, "seed");
    Rng rng = rng_stream(seed, "hopfield");
    Memory memory = memory_load(data, options, &rng);
    char *folder = memory_format("%s/figures", options_text(options, "out"));
    Figures *figures = figures_open(folder);
    recall_images(&memory, options, figures, &rng);
    Rng capacity = rng_stream(seed, "capacity"), warmth = rng_stream(seed, "warmth");
    draw_capacity(options, figures, &capacity);
    draw_temperatures(figures, &warmth);
    printf("pictures:\n");
    for (int i = 0; i < figures_drawn(figures); i++)
        printf("  %s\n", figures_path(figures, i));
    figures_close(figures);
    memory_free(&memory);
    dataset_free(data);
    free(folder);
    options_free(options);
    return 0;
}
