/* One value: from text to its kind, its range, its choices. Returned texts are for option_assign's
 * caller. */
#include "support/memory.h"
#include "support/options_internal.h"
#include "support/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "from 1 to 9", "of at least 0", "of at most 1", or "of any size". Free with free(). */
static char *range_text(const OptionSpec *spec)
{
    bool below = isfinite(spec->least);
    bool above = isfinite(spec->most);
    if (below && above)
        return memory_format("from %.15g to %.15g", spec->least, spec->most);
    if (below)
        return memory_format("of at least %.15g", spec->least);
    if (above)
        return memory_format("of at most %.15g", spec->most);
    return memory_text("of any size");
}

static char *complaint(const OptionSpec *spec, const char *text, const char *what, const char *mend)
{
    char *range = range_text(spec);
    char *line = memory_format("'%s' %s; %s %s", text, what, mend, range);
    free(range);
    return line;
}

/* Fifteen digits: that many config.json keeps of a number (cJSON prints 15, and more only where
 * they differ by more than it tolerates), and doubles hold each of them. */
enum { MOST_DIGITS = 15 };

/* NULL, or what is wrong; the digits end at text + length. */
static const char *integer_read(const OptionSpec *spec, const char *text, size_t length,
                                long *value)
{
    size_t sign = length > 0 && (text[0] == '-' || text[0] == '+');
    size_t digits = strspn(text + sign, "0123456789");
    if (digits == 0 || sign + digits != length)
        return "is not a whole number in plain digits (1000, not 1e3)";
    if (digits > MOST_DIGITS)
        return "has more than 15 digits";
    *value = strtol(text, NULL, 10);
    if ((double)*value < spec->least || (double)*value > spec->most)
        return "is out of range";
    return NULL;
}

static char *assign_integer(Option *option, const char *text)
{
    const char *wrong = integer_read(option->spec, text, strlen(text), &option->integer);
    return wrong != NULL ? complaint(option->spec, text, wrong, "give one") : NULL;
}

static char *assign_real(Option *option, const char *text)
{
    const OptionSpec *spec = option->spec;
    char *end = NULL;
    double value = strtod(text, &end);
    /* strtod alone would also take leading blanks, "nan", "inf" and hexadecimal. */
    bool plain = text[0] != '\0' && text[strspn(text, "+-.0123456789eE")] == '\0';
    if (!plain || *end != '\0' || !isfinite(value))
        return complaint(spec, text, "is not a finite number", "give one");
    /* Rounded to what config.json keeps, so that a repeated run has the same bits. */
    char *kept = memory_format("%.*g", MOST_DIGITS, value);
    value = strtod(kept, NULL);
    free(kept);
    if (value < spec->least || value > spec->most)
        return complaint(spec, text, "is out of range", "give one");
    option->number = value;
    return NULL;
}

static char *assign_ints(Option *option, const char *text)
{
    const OptionSpec *spec = option->spec;
    int ints[OPTIONS_MOST_INTS];
    int count = 0;
    for (const char *next = text;; next++) {
        size_t length = strcspn(next, ",");
        long value = 0;
        if (count == OPTIONS_MOST_INTS)
            return memory_format("'%s' has more than %d numbers; give at most that many", text,
                                 OPTIONS_MOST_INTS);
        if (integer_read(spec, next, length, &value) != NULL)
            return complaint(spec, text, "is not a list of whole numbers in range",
                             "give them with commas and no blanks (200,200), each");
        ints[count++] = (int)value;
        next += length;
        if (*next == '\0')
            break;
    }
    memcpy(option->ints, ints, sizeof ints);
    option->int_count = count;
    return NULL;
}

char **option_choices(const OptionSpec *spec)
{
    size_t count = 1;
    for (const char *c = spec->choices; *c != '\0'; c++)
        count += *c == '|';
    char **choices = memory_new(count + 1, sizeof *choices);
    char *letters = memory_text(spec->choices);
    for (size_t i = 0; i < count; i++) {
        choices[i] = letters;
        letters += strcspn(letters, "|");
        *letters++ = '\0';
    }
    return choices;
}

/* "'x' is not one of elbo, iwae; did you mean 'elbo'?" */
static char *choice_complaint(const char *text, char **choices)
{
    const char *near = options_nearest(text, (const char *const *)choices);
    char *list = memory_text(choices[0]);
    for (char **choice = choices + 1; *choice != NULL; choice++) {
        char *longer = memory_format("%s, %s", list, *choice);
        free(list);
        list = longer;
    }
    char *line = near != NULL
                     ? memory_format("'%s' is not one of %s; did you mean '%s'?", text, list, near)
                     : memory_format("'%s' is not one of %s; choose one of them", text, list);
    free(list);
    return line;
}

static char *check_choice(const OptionSpec *spec, const char *text)
{
    char **choices = option_choices(spec);
    bool found = false;
    for (char **choice = choices; *choice != NULL; choice++)
        found = found || strcmp(*choice, text) == 0;
    char *wrong = found ? NULL : choice_complaint(text, choices);
    free(choices[0]);
    free(choices);
    return wrong;
}

static char *check_flag(const char *text)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return NULL;
    return memory_format("'%s' is neither true nor false; write one of them", text);
}

static char *assign_kind(Option *option, const char *text)
{
    switch (option->spec->kind) {
    case OPTION_FLAG:
        return check_flag(text);
    case OPTION_INT:
        return assign_integer(option, text);
    case OPTION_REAL:
        return assign_real(option, text);
    case OPTION_CHOICE:
        return check_choice(option->spec, text);
    case OPTION_INTS:
        return assign_ints(option, text);
    case OPTION_TEXT:
        break;
    }
    /* config.json could not hold it. */
    if (!utf8_valid(text, strlen(text)))
        return memory_text("its value is not UTF-8; write it in UTF-8");
    return NULL;
}

char *option_assign(Option *option, const char *text)
{
    char *wrong = text != NULL ? assign_kind(option, text) : NULL;
    if (wrong != NULL)
        return wrong;
    free(option->text);
    option->text = text != NULL ? memory_text(text) : NULL;
    return NULL;
}

/* Edit distance: insertions, deletions and changes of one letter. row holds one line of the table.
 * Source: Wagner & Fischer (1974), "The string-to-string correction problem". */
static size_t edit_distance(const char *a, const char *b)
{
    size_t width = strlen(b);
    size_t *row = memory_new(width + 1, sizeof *row);
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t shorter = row[j] < row[j - 1] ? row[j] : row[j - 1];
            row[j] = change < shorter + 1 ? change : shorter + 1;
        }
    }
    size_t distance = row[width];
    free(row);
    return distance;
}

const char *options_nearest(const char *word, const char *const *candidates)
{
    size_t letters = strlen(word);
    size_t allowed = letters / 3 > 2 ? letters / 3 : 2;
    /* Not so far that nothing of the word is left. */
    size_t best = allowed < letters ? allowed + 1 : letters;
    const char *nearest = NULL;
    for (; *candidates != NULL; candidates++) {
        size_t distance = edit_distance(word, *candidates);
        if (distance < best) {
            best = distance;
            nearest = *candidates;
        }
    }
    return nearest;
}
