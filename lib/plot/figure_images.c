#include "plot/figure.h"
#include "plot/mosaic.h"
#include "plot/script.h"
#include "support/fail.h"

#include <stdio.h>
#include <stdlib.h>

/* Pixels of the screen. LETTER is a little more than the mean width of a letter of the labels. */
enum { MARGIN = 14, LETTER = 8, TITLE_LETTER = 10, LINE = 22, TITLE_LINE = 24, NARROWEST = 420 };

/* Where the mosaic stands on the canvas, so that each of its pixels gets the same whole number of
 * the screen's. Lengths in screen pixels. */
typedef struct Canvas {
    int width, height, zoom;
    int left, top;        /* of the mosaic                    */
    int inner_w, inner_h; /* size of the mosaic on the screen */
    int title_letters;    /* that fit into a line             */
} Canvas;

static int longest_label(const char *const *label, int n)
{
    int longest = 0;
    for (int i = 0; label != NULL && i < n; i++) {
        int letters = script_letters(label[i]);
        longest = letters > longest ? letters : longest;
    }
    return longest;
}

static Canvas canvas_of(const FigureText *text, const FigureImages *images, const Mosaic *mosaic,
                        int extra_letters)
{
    Canvas canvas = {.zoom = mosaic_zoom(mosaic)};
    canvas.inner_w = mosaic->width * canvas.zoom;
    canvas.inner_h = mosaic->height * canvas.zoom;
    int labels = LETTER * longest_label(images->row_label, images->rows);
    int left = MARGIN + (labels > 0 ? labels + MARGIN : 0) + (text->y_label != NULL ? LINE : 0);
    canvas.width = left + canvas.inner_w + MARGIN;
    if (canvas.width < NARROWEST) {
        left += (NARROWEST - canvas.width) / 2;
        canvas.width = NARROWEST;
    }
    canvas.left = left;
    /* The title is centred over the mosaic: what fits is twice the shorter way to the edge. */
    int centre = canvas.left + canvas.inner_w / 2;
    int reach = centre < canvas.width - centre ? centre : canvas.width - centre;
    canvas.title_letters = 2 * reach / TITLE_LETTER;
    int lines = script_lines(script_letters(text->title) + extra_letters, canvas.title_letters);
    canvas.top = MARGIN + lines * TITLE_LINE + (images->column_label != NULL ? LINE : 0);
    canvas.height = canvas.top + canvas.inner_h + MARGIN + (text->x_label != NULL ? LINE : 0);
    return canvas;
}

/* Axes count the mosaic's pixels, row 0 on top. */
static void set_place(FILE *gp, const Canvas *canvas, const Mosaic *mosaic)
{
    double width = canvas->width;
    double height = canvas->height;
    fprintf(gp, "set lmargin at screen %.8f\n", canvas->left / width);
    fprintf(gp, "set rmargin at screen %.8f\n", (canvas->left + canvas->inner_w) / width);
    fprintf(gp, "set tmargin at screen %.8f\n", 1 - canvas->top / height);
    fprintf(gp, "set bmargin at screen %.8f\n", 1 - (canvas->top + canvas->inner_h) / height);
    fprintf(gp, "set xrange [-0.5:%g]\nset yrange [%g:-0.5]\n", mosaic->width - 0.5,
            mosaic->height - 0.5);
    fputs("unset border\nunset tics\nunset grid\nunset colorbox\nunset key\n", gp);
    fputs("set palette gray\nset cbrange [0:255]\n", gp);
}

static void set_labels(FILE *gp, const FigureText *text, const FigureImages *images,
                       const Canvas *canvas)
{
    for (int i = 0; images->row_label != NULL && i < images->rows; i++) {
        double y = i * (images->height + 1) + (images->height - 1) / 2.0;
        fputs("set label ", gp);
        script_quote(gp, images->row_label[i]);
        fprintf(gp, " at graph 0, first %g right offset -0.8, 0 noenhanced\n", y);
    }
    for (int i = 0; images->column_label != NULL && i < images->columns; i++) {
        double x = i * (images->width + 1) + (images->width - 1) / 2.0;
        fputs("set label ", gp);
        script_quote(gp, images->column_label[i]);
        fprintf(gp, " at first %g, graph 1 center offset 0, 0.6 noenhanced\n", x);
    }
    script_label(gp, "x", text->x_label);
    if (text->y_label == NULL)
        return;
    fputs("set label ", gp); /* gnuplot would set ylabel onto the row labels */
    script_quote(gp, text->y_label);
    fprintf(gp, " at screen %.6f, graph 0.5 center rotate noenhanced\n",
            (double)MARGIN / canvas->width);
}

/* skip: how many bytes of the file stand before the mosaic, a number or an expression. */
static void plot_mosaic(const Script *script, const Mosaic *mosaic, const char *skip)
{
    bool grey = mosaic->channels == 1;
    fprintf(script->gp, "plot '%s.bin' binary skip=%s array=(%d,%d) format='%s' with %s notitle\n",
            script->name, skip, mosaic->width, mosaic->height,
            grey ? "%uchar" : "%uchar%uchar%uchar", grey ? "image" : "rgbimage");
}

static void write_mosaic(Script *script, const Mosaic *mosaic)
{
    size_t bytes = (size_t)mosaic->width * (size_t)mosaic->height * (size_t)mosaic->channels;
    fwrite(mosaic->byte, 1, bytes, script->data);
}

/* The picture that does not need gnuplot; the titled one takes its place. */
static void write_plain(Script *script, const Mosaic *mosaic)
{
    char *path = script_path(script, "png");
    const char *reason = mosaic_write(mosaic, mosaic_zoom(mosaic), path);
    if (reason != NULL)
        warn("%s: not written: %s", path, reason);
    script->has_plain = reason == NULL;
    free(path);
}

/* With room for the column labels, which stand between the title and the images. */
static int set_title(FILE *gp, const FigureText *text, const FigureImages *images,
                     const Canvas *canvas, const char *expression)
{
    int lines = script_title(gp, text->title, canvas->title_letters, expression);
    if (lines > 0)
        fprintf(gp, "set title offset 0, %g\n", images->column_label != NULL ? 0.7 : -0.4);
    return lines;
}

bool figure_images(Figures *figures, const FigureText *text, const FigureImages *images)
{
    Script *script = script_begin(figures, text, "bin");
    Mosaic mosaic = mosaic_new(text, images);
    Canvas canvas = canvas_of(text, images, &mosaic, 0);
    write_mosaic(script, &mosaic);
    write_plain(script, &mosaic);
    script_png(script, canvas.width, canvas.height);
    set_place(script->gp, &canvas, &mosaic);
    set_labels(script->gp, text, images, &canvas);
    set_title(script->gp, text, images, &canvas, NULL);
    plot_mosaic(script, &mosaic, "0");
    free(mosaic.byte);
    return script_end(script);
}

static void plot_frame(const Script *script, const FigureImages *images, const Mosaic *mosaic,
                       const Canvas *canvas)
{
    char skip[64];
    snprintf(skip, sizeof skip, "(frame * %d)", mosaic->width * mosaic->height * mosaic->channels);
    set_title(script->gp, script->text, images, canvas, "label[frame + 1]");
    plot_mosaic(script, mosaic, skip);
}

static void check_frames(const FigureText *text, const FigureImages *frame, int frames)
{
    if (frames < 1)
        fail("figure %s: an animation of %d frames; it needs at least 1", text->name, frames);
    for (int i = 1; i < frames; i++)
        if (frame[i].height != frame[0].height || frame[i].width != frame[0].width ||
            frame[i].channels != frame[0].channels || frame[i].rows != frame[0].rows ||
            frame[i].columns != frame[0].columns)
            fail("figure %s: frame %d is a %d x %d grid of [%d, %d, %d], frame 0 a %d x %d grid of "
                 "[%d, %d, %d]; frames must have one shape",
                 text->name, i, frame[i].rows, frame[i].columns, frame[i].height, frame[i].width,
                 frame[i].channels, frame[0].rows, frame[0].columns, frame[0].height,
                 frame[0].width, frame[0].channels);
}

bool figure_images_gif(Figures *figures, const FigureText *text, const FigureImages *frame,
                       int frames, const char *const *frame_label, double seconds)
{
    check_frames(text, frame, frames);
    Script *script = script_begin(figures, text, "bin");
    FILE *gp = script->gp;
    Mosaic mosaic = {0};
    for (int i = 0; i < frames; i++) {
        free(mosaic.byte);
        mosaic = mosaic_new(text, &frame[i]);
        write_mosaic(script, &mosaic);
    }
    write_plain(script, &mosaic);
    Canvas canvas = canvas_of(text, &frame[0], &mosaic, longest_label(frame_label, frames) + 2);
    script_frame_labels(gp, text->title, frame_label, frames);
    set_place(gp, &canvas, &mosaic);
    set_labels(gp, text, &frame[0], &canvas);
    script_gif(script, canvas.width, canvas.height, seconds);
    fprintf(gp, "do for [frame=0:%d] {\n", frames - 1);
    plot_frame(script, &frame[0], &mosaic, &canvas);
    fputs("}\nunset output\n", gp);
    script_png(script, canvas.width, canvas.height);
    fprintf(gp, "frame = %d\n", frames - 1);
    plot_frame(script, &frame[0], &mosaic, &canvas);
    free(mosaic.byte);
    return script_end(script);
}
