/* bin/gan dirac: the smallest game, with and without penalties. */
#include "05-gan/gan_dirac.h"

#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const OptionSpec options_table[] = {
    {"steps", OPTION_INT, "1000", "N", "steps of gradient descent", 10, 1000000, NULL},
    {"rate", OPTION_REAL, "0.1", "H", "length of a step", 1e-6, 1, NULL},
    {"gamma", OPTION_REAL, "0.3", "X", "weight of the penalties", 1e-6, 100, NULL},
    {"out", OPTION_TEXT, "runs/gan-dirac", "DIR", "folder of the figures", 0, 0, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

enum { GAMES = 5, WITH_R1 = 1 };

typedef struct Game {
    const char *name;
    GanLoss loss;
    GanPenalty penalty;
} Game;

static const Game games[GAMES] = {{"minimax, no penalty", GAN_MINIMAX, PENALTY_NONE},
                                  {"minimax, R1", GAN_MINIMAX, PENALTY_R1},
                                  {"non-saturating, no penalty", GAN_NON_SATURATING, PENALTY_NONE},
                                  {"Wasserstein, no penalty", GAN_WASSERSTEIN, PENALTY_NONE},
                                  {"Wasserstein, slope towards 1", GAN_WASSERSTEIN, PENALTY_ONE}};

static void draw_orbits(Figures *figures, double *const *path, int steps)
{
    int n = steps + 1;
    real *point = memory_new((size_t)(2 * GAMES * n), sizeof *point);
    int *group = memory_new((size_t)(GAMES * n), sizeof *group);
    const char *name[GAMES];
    for (int g = 0; g < GAMES; g++) {
        name[g] = games[g].name;
        for (int s = 0; s < n; s++) {
            group[g * n + s] = g;
            for (int k = 0; k < 2; k++)
                point[2 * (g * n + s) + k] = (real)path[g][2 * s + k];
        }
    }
    FigureScatter scatter = {.point = point,
                             .n = (size_t)(GAMES * n),
                             .group = group,
                             .groups = GAMES,
                             .group_name = name,
                             .equal_axes = true,
                             .x_range = {-2, 2},
                             .y_range = {-2, 2}};
    FigureText text = {.name = "orbits",
                       .title = "The Dirac GAN: where training goes",
                       .x_label = "theta, the generator's point",
                       .y_label = "psi, the discriminator's slope"};
    figure_scatter(figures, &text, &scatter);
    free(point);
    free(group);
}

static void draw_distance(Figures *figures, double *const *path, int steps, double rate,
                          double gamma)
{
    int n = steps + 1;
    double *value = memory_new((size_t)((GAMES + 1) * n), sizeof *value);
    FigureCurve curve[GAMES + 1];
    for (int g = 0; g < GAMES; g++) {
        for (int s = 0; s < n; s++)
            value[g * n + s] = hypot(path[g][2 * s], path[g][2 * s + 1]);
        curve[g] = (FigureCurve){.label = games[g].name, .y = value + g * n};
    }
    for (int s = 0; s < n; s++)
        value[GAMES * n + s] =
            hypot(path[WITH_R1][0], path[WITH_R1][1]) * pow(dirac_growth(gamma, rate), s);
    curve[GAMES] = (FigureCurve){.label = "R1 near the solution, on paper", .y = value + GAMES * n};
    FigureLines lines = {
        .n = (size_t)n, .curve = curve, .curves = GAMES + 1, .log_y = true, .y_range = {1e-4, 10}};
    FigureText text = {.name = "distance",
                       .title = "Distance from the solution",
                       .x_label = "step",
                       .y_label = "sqrt(theta^2 + psi^2)"};
    figure_lines(figures, &text, &lines);
    free(value);
}

int dirac_main(int argc, char **argv)
{
    const OptionSpec *tables[] = {options_table, NULL};
    Options *options = options_parse(
        "gan dirac", "The smallest game: a point against a line (Mescheder et al. 2018).", tables,
        argc, argv);
    int steps = (int)options_int(options, "steps");
    double rate = options_real(options, "rate"), gamma = options_real(options, "gamma");
    const char *dir = options_text(options, "out");
    double *path[GAMES];
    printf("%-32s %12s %12s %16s\n", "game", "start", "end", "growth a step");
    for (int g = 0; g < GAMES; g++) {
        DiracRule rule = {games[g].loss, games[g].penalty, gamma, rate};
        path[g] = memory_new(2 * (size_t)(steps + 1), sizeof *path[g]);
        path[g][0] = path[g][1] = 1;
        dirac_follow(&rule, steps, path[g]);
        double start = hypot(1, 1), end = hypot(path[g][2 * steps], path[g][2 * steps + 1]);
        printf("%-32s %12.4f %12.4g %16.6f\n", games[g].name, start, end,
               pow(end / start, 1.0 / steps));
    }
    printf("on paper, near the solution, minimax: %.6f without penalty, %.6f with R1\n",
           dirac_growth(0, rate), dirac_growth(gamma, rate));
    char *folder = memory_format("%s/figures", dir);
    Figures *figures = figures_open(folder);
    draw_orbits(figures, path, steps);
    draw_distance(figures, path, steps, rate, gamma);
    printf("pictures:\n");
    for (int i = 0; i < figures_drawn(figures); i++)
        printf("  %s\n", figures_path(figures, i));
    figures_close(figures);
    for (int g = 0; g < GAMES; g++)
        free(path[g]);
    free(folder);
    options_free(options);
    return 0;
}
