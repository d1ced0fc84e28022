#include "plot/script.h"

#include "plot/range.h"
#include "support/fail.h"
#include "support/memory.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In single quotes, since in double ones gnuplot runs what stands between `...`. A text that begins
 * with a single quote would be taken to end there: such quotes go before it in double ones. */
static void quote(FILE *gp, const char *text, bool format)
{
    const char *rest = text != NULL ? text : "";
    const int leading = (int)strspn(rest, "'");
    if (leading > 0)
        fprintf(gp, "\"%.*s\".", leading, rest);
    fputc('\'', gp);
    for (const char *letter = rest + leading; *letter != '\0'; letter++) {
        if (*letter == '\'' || (format && *letter == '%'))
            fputc(*letter, gp); /* doubled, it stands for itself */
        fputc(iscntrl((unsigned char)*letter) ? ' ' : *letter, gp);
    }
    fputc('\'', gp);
}

void script_quote(FILE *gp, const char *text)
{
    quote(gp, text, false);
}

void script_tick(FILE *gp, const char *text)
{
    quote(gp, text, true);
}

int script_letters(const char *text)
{
    int letters = 0;
    for (; text != NULL && *text != '\0'; text++)
        letters += ((unsigned char)*text & 0xC0) != 0x80;
    return letters;
}

int script_lines(int letters, int letters_a_line)
{
    if (letters == 0)
        return 0;
    return letters <= letters_a_line ? 1 : letters / letters_a_line + 2;
}

/* The byte behind the first line of at most so many letters: its last blank, or the end of the
 * text. */
static const char *line_end(const char *text, int letters)
{
    const char *blank = NULL;
    int seen = 0;
    for (const char *letter = text; *letter != '\0'; letter++) {
        if (*letter == ' ')
            blank = letter;
        seen += ((unsigned char)*letter & 0xC0) != 0x80;
        if (seen > letters && blank != NULL)
            return blank;
    }
    return text + strlen(text);
}

int script_wrapped(FILE *gp, const char *text, int letters)
{
    int lines = 0;
    do {
        const char *end = line_end(text, letters);
        char *line = memory_format("%.*s", (int)(end - text), text);
        if (lines++ > 0)
            fputs(" . \"\\n\" . ", gp);
        script_quote(gp, line);
        free(line);
        text = *end == ' ' ? end + 1 : end;
    } while (*text != '\0');
    return lines;
}

int script_title(FILE *gp, const char *title, int letters, const char *expression)
{
    if (title == NULL && expression == NULL)
        return 0;
    fputs("set title ", gp);
    int lines = script_wrapped(gp, title != NULL ? title : "", letters);
    if (expression != NULL)
        fprintf(gp, " . %s", expression);
    fputs(" noenhanced font ',13'\n", gp);
    return lines;
}

void script_frame_labels(FILE *gp, const char *title, const char *const *label, int frames)
{
    fprintf(gp, "array label[%d]\n", frames);
    for (int i = 0; i < frames; i++) {
        char *text = memory_format("%s%s", title != NULL && label != NULL ? ", " : "",
                                   label != NULL ? label[i] : "");
        fprintf(gp, "label[%d] = ", i + 1);
        script_quote(gp, text);
        fputc('\n', gp);
        free(text);
    }
}

void script_label(FILE *gp, const char *axis, const char *label)
{
    if (label == NULL)
        return;
    fprintf(gp, "set %slabel ", axis);
    script_quote(gp, label);
    fputs(" noenhanced\n", gp);
}

void script_range(FILE *gp, const char *axis, FigureRange range)
{
    fprintf(gp, "set %srange [%.10g:%.10g]\n", axis, range.low, range.high);
}

enum { MOST_TICKS = 16 };

/* The multiples of powers of ten that lie in the range: step [steps], rising from 1.
 * Returns how many there are, at most MOST_TICKS. */
static int few_ticks(FigureRange range, const double *step, int steps, double tick[MOST_TICKS])
{
    int ticks = 0;
    for (int power = (int)floor(log10(range.low)); ticks < MOST_TICKS; power++) {
        for (int i = 0; i < steps && ticks < MOST_TICKS; i++) {
            double value = step[i] * pow(10, power);
            if (value > range.high)
                return ticks;
            if (value >= range.low)
                tick[ticks++] = value;
        }
    }
    return ticks;
}

/* Four equal steps, for a logarithmic axis so short that it is nearly linear. */
static int even_ticks(FigureRange range, double tick[MOST_TICKS])
{
    double step = (range.high - range.low) / 4;
    double unit = pow(10, floor(log10(step)));
    double nice = step > 5 * unit ? 10 * unit : step > 2 * unit ? 5 * unit : 2 * unit;
    int ticks = 0;
    for (double at = ceil(range.low / nice) * nice; at <= range.high && ticks < MOST_TICKS;
         at += nice)
        tick[ticks++] = at;
    return ticks;
}

void script_log_range(FILE *gp, const char *axis, FigureRange range)
{
    fprintf(gp, "set logscale %s\n", axis);
    script_range(gp, axis, range);
    if (range.high / range.low > 300)
        return;
    double tick[MOST_TICKS];
    int ticks = few_ticks(range, (const double[]){1, 2, 5}, 3, tick);
    if (ticks < 3)
        ticks = few_ticks(range, (const double[]){1, 1.5, 2, 3, 5, 7}, 6, tick);
    if (ticks < 3)
        ticks = even_ticks(range, tick);
    fprintf(gp, "set %stics (", axis);
    for (int i = 0; i < ticks; i++)
        fprintf(gp, "%s%.6g", i > 0 ? ", " : "", tick[i]);
    fputs(")\n", gp);
}

void script_nothing(FILE *gp, const FigureText *text)
{
    warn("figure %s: no finite value to show; it is an empty frame", text->name);
    fputs("set label 'no finite value to show' at graph 0.5, 0.5 center front\n", gp);
}

void script_legend(FILE *gp, const char *label)
{
    if (label == NULL) {
        fputs(" notitle", gp);
        return;
    }
    fputs(" title ", gp);
    script_quote(gp, label);
    fputs(" noenhanced", gp);
}

void script_number(FILE *data, double value)
{
    if (isnan(value))
        fputs("NaN", data);
    else if (isinf(value))
        fputs(value > 0 ? "inf" : "-inf", data);
    else
        fprintf(data, "%.10g", value);
}

void script_field(FILE *data, const char *text)
{
    fputc('"', data);
    for (const char *letter = text != NULL ? text : ""; *letter != '\0'; letter++) {
        if (*letter == '"')
            fputs("\"\"", data);
        else
            fputc(iscntrl((unsigned char)*letter) ? ' ' : *letter, data);
    }
    fputc('"', data);
}
