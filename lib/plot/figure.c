/* From a script in memory to files and a picture. */
#include "plot/figure.h"

#include "plot/gnuplot.h"
#include "plot/script.h"
#include "plot/style.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double LIMIT_SECONDS = 20;

Figures *figures_open(const char *dir)
{
    file_make_folder(dir);
    Figures *figures = memory_new(1, sizeof *figures);
    figures->dir = memory_text(dir);
    figures->gnuplot = gnuplot_found();
    figures->seconds = LIMIT_SECONDS;
    return figures;
}

void figures_close(Figures *figures)
{
    if (figures == NULL)
        return;
    for (int i = 0; i < figures->drawn; i++)
        free(figures->path[i]);
    free(figures->path);
    free(figures->dir);
    free(figures);
}

int figures_drawn(const Figures *figures)
{
    return figures->drawn;
}

const char *figures_path(const Figures *figures, int i)
{
    if (i < 0 || i >= figures->drawn)
        fail("figures_path: there is no picture %d; there are %d", i, figures->drawn);
    return figures->path[i];
}

bool figures_have_gnuplot(const Figures *figures)
{
    return figures->gnuplot;
}

void figures_limit(Figures *figures, double seconds)
{
    figures->seconds = seconds;
}

static void remember(Figures *figures, const char *path)
{
    for (int i = 0; i < figures->drawn; i++)
        if (strcmp(figures->path[i], path) == 0)
            return;
    if (figures->drawn == figures->room) {
        figures->room = 2 * figures->room + 8;
        char **more = memory_new((size_t)figures->room, sizeof *more);
        if (figures->drawn > 0)
            memcpy(more, figures->path, (size_t)figures->drawn * sizeof *more);
        free(figures->path);
        figures->path = more;
    }
    figures->path[figures->drawn++] = memory_text(path);
}

static char *file_name(const char *name)
{
    if (name == NULL || *name == '\0')
        fail("figure: it has no name; FigureText.name gives its files theirs");
    char *safe = memory_text(name);
    for (char *letter = safe; *letter != '\0'; letter++)
        if (!isalnum((unsigned char)*letter) && strchr("._-", *letter) == NULL)
            *letter = '-';
    if (*safe == '.' || *safe == '-') /* neither hidden nor an option of gnuplot */
        *safe = '_';
    return safe;
}

Script *script_begin(Figures *figures, const FigureText *text, const char *ending)
{
    Script *script = memory_new(1, sizeof *script);
    script->figures = figures;
    script->text = text;
    script->name = file_name(text->name);
    script->ending = ending;
    script->gp = open_memstream(&script->gp_text, &script->gp_bytes);
    script->data = open_memstream(&script->data_text, &script->data_bytes);
    if (script->gp == NULL || script->data == NULL)
        refuse("figure %s: %s; close other programs", script->name, strerror(errno));
    fprintf(script->gp,
            "# Draws %s.png from %s.%s. Change it, then run in this folder: gnuplot %s.gp\n\n",
            script->name, script->name, ending, script->name);
    fprintf(script->gp, "%s\n", style_text());
    return script;
}

char *script_path(const Script *script, const char *ending)
{
    return memory_format("%s/%s.%s", script->figures->dir, script->name, ending);
}

/* A caller of the script may name another output file; the picture gets its own name when it is
 * whole. */
static void choose_output(Script *script, const char *ending)
{
    fprintf(script->gp, "if (!exists('%s_file')) %s_file = '%s.%s'\nset output %s_file\n", ending,
            ending, script->name, ending, ending);
}

void script_png(Script *script, int width, int height)
{
    fprintf(script->gp, "set terminal pngcairo size %d,%d font 'DejaVu Sans,11'\n", width, height);
    choose_output(script, "png");
}

void script_gif(Script *script, int width, int height, double seconds)
{
    script->animated = true;
    int hundredths = seconds > 0.02 ? (int)(100 * seconds + 0.5) : 2;
    fprintf(script->gp,
            "set terminal gif animate delay %d loop 0 size %d,%d font 'DejaVu Sans,9'\n",
            hundredths, width, height);
    choose_output(script, "gif");
}

/* Whether the file begins as its format does: gnuplot leaves an empty file when it fails. */
static bool begins_with(const char *path, const char *magic)
{
    size_t length = strlen(magic);
    char start[8] = "";
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    bool same = fread(start, 1, length, file) == length && memcmp(start, magic, length) == 0;
    fclose(file);
    return same;
}

/* Gives NAME.ENDING.part its name when it is whole, else removes it. */
static bool keep_picture(Script *script, const char *ending, const char *magic, bool done)
{
    char *path = script_path(script, ending);
    char *part = memory_format("%s.part", path);
    bool kept = done && begins_with(part, magic) && rename(part, path) == 0;
    if (kept)
        remember(script->figures, path);
    else
        unlink(part);
    free(part);
    free(path);
    return kept;
}

static void remove_file(const Script *script, const char *ending)
{
    char *path = script_path(script, ending);
    unlink(path);
    free(path);
}

static void first_complaint(const char *path, char line[160])
{
    *line = '\0';
    FILE *log = fopen(path, "r");
    if (log == NULL)
        return;
    while (fgets(line, 160, log) != NULL) {
        char *text = strstr(line, "line ");
        line[strcspn(line, "\n")] = '\0';
        if (text != NULL && strstr(text, "warning:") == NULL) {
            memmove(line, text, strlen(text) + 1);
            break;
        }
        *line = '\0';
    }
    fclose(log);
}

static void tell_failure(Script *script, GnuplotEnd end)
{
    Figures *figures = script->figures;
    if (end == GNUPLOT_TOO_SLOW) {
        figures->gnuplot = false;
        figures->noticed = true;
        warn("figure %s: gnuplot took more than %g s and was stopped; no more pictures in this "
             "run, but their scripts are in %s",
             script->name, figures->seconds, figures->dir);
        return;
    }
    char *path = script_path(script, "log");
    char line[160];
    first_complaint(path, line);
    warn("figure %s: gnuplot made no picture%s%s; see %s, and try: cd %s && gnuplot %s.gp",
         script->name, *line != '\0' ? ": " : "", line, path, figures->dir, script->name);
    free(path);
}

static bool run_gnuplot(Script *script)
{
    Figures *figures = script->figures;
    char *gp = memory_format("%s.gp", script->name);
    char *log = memory_format("%s.log", script->name);
    char *preset = memory_format("png_file = '%s.png.part'; gif_file = '%s.gif.part'", script->name,
                                 script->name);
    GnuplotCall call = {.folder = figures->dir,
                        .script = gp,
                        .preset = preset,
                        .log = log,
                        .seconds = figures->seconds};
    GnuplotEnd end = gnuplot_run(&call);
    bool done = end == GNUPLOT_DONE;
    if (script->animated)
        done = keep_picture(script, "gif", "GIF8", done);
    done = keep_picture(script, "png", "\x89PNG\r\n\x1a\n", done);
    if (done)
        remove_file(script, "log");
    else
        tell_failure(script, end);
    free(preset);
    free(log);
    free(gp);
    return done;
}

/* Writes a text as a file of the figure; false after a warning. */
static bool write_piece(const Script *script, const char *ending, const char *text, size_t bytes)
{
    char *path = script_path(script, ending);
    const char *reason = file_write(path, text, bytes);
    if (reason != NULL)
        warn("%s: not written: %s; the figure is left out", path, reason);
    free(path);
    return reason == NULL;
}

static void free_script(Script *script)
{
    free(script->gp_text);
    free(script->data_text);
    free(script->name);
    free(script);
}

bool script_end(Script *script)
{
    Figures *figures = script->figures;
    fclose(script->gp);
    fclose(script->data);
    bool written = write_piece(script, script->ending, script->data_text, script->data_bytes) &&
                   write_piece(script, "gp", script->gp_text, script->gp_bytes);
    bool drawn = written && figures->gnuplot && run_gnuplot(script);
    if (written && !figures->gnuplot && !figures->noticed) {
        figures->noticed = true;
        warn("gnuplot is not installed: no pictures, but their scripts and data are in %s. Get it "
             "with: make deps; then: cd %s && gnuplot %s.gp",
             figures->dir, figures->dir, script->name);
    }
    if (!drawn && script->animated)
        remove_file(script, "gif");
    char *png = script_path(script, "png");
    if (script->has_plain && !drawn)
        remember(figures, png);
    else if (!drawn)
        unlink(png);
    drawn = drawn || script->has_plain;
    free(png);
    free_script(script);
    return drawn;
}
