/* Typed options with defaults, ranges and help: one table serves the parser, --help and
 * config.json. */
#ifndef SUPPORT_OPTIONS_H
#define SUPPORT_OPTIONS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

typedef enum OptionKind {
    OPTION_FLAG,   /* --quick                                  */
    OPTION_INT,    /* --latent 50                              */
    OPTION_REAL,   /* --lr 1e-3                                */
    OPTION_TEXT,   /* --out DIR                                */
    OPTION_CHOICE, /* --objective elbo, one of choices         */
    OPTION_INTS    /* --hidden 200,200                         */
} OptionKind;

typedef struct OptionSpec {
    const char *name; /* without the dashes; a table ends with a NULL name             */
    OptionKind kind;
    const char *initial;  /* the default as one would type it; NULL: not set; flags: NULL  */
    const char *argument; /* what --help shows for the value: "N", "DIR"                   */
    const char *help;     /* one line; for choices --help adds the list                    */
    double least, most;   /* inclusive range of INT, REAL and each of INTS                 */
    const char *choices;  /* "elbo|iwae" of a CHOICE                                       */
} OptionSpec;

enum { OPTIONS_MOST_INTS = 16 };

typedef struct Options Options;

/* Reads argv[1..argc-1] against the tables (a NULL-terminated array of tables).
 * purpose: what the program does, shown by --help, which lists the tables and exits 0.
 * Unknown options, missing or malformed values, values out of range and words that are no option
 * print one line that names the nearest option or the allowed range, and exit 2. Free with
 * options_free. */
Options *options_parse(const char *program, const char *purpose, const OptionSpec *const *tables,
                       int argc, char **argv);

void options_free(Options *options);

/* Values; asking for a name or kind that no table holds is a programmer's mistake. */
bool options_flag(const Options *options, const char *name);
long options_int(const Options *options, const char *name);
double options_real(const Options *options, const char *name);
const char *options_text(const Options *options,
                         const char *name); /* NULL when not set; CHOICE too */
int options_ints(const Options *options, const char *name, int values[OPTIONS_MOST_INTS]);

/* The number of a CHOICE's value among its choices, from 0: an enum in the table's order. It must
 * be set. */
int options_choice(const Options *options, const char *name);

/* Whether any value is there (default or typed); whether the user typed it; whether a table has it.
 */
bool options_set(const Options *options, const char *name);
bool options_typed(const Options *options, const char *name);
bool options_known(const Options *options, const char *name);

/* Sets a value that the user did not type (from config.json, or a default that depends on the
 * data), checked like a typed one; from says where it comes from, for the error line. */
void options_put(Options *options, const char *name, const char *value, const char *from);

/* {"latent": 50, "hidden": [200, 200], ...}: numbers as numbers, flags as true or false, unset as
 * null. */
cJSON *options_to_json(const Options *options);

/* The same of those in specs (ends with a NULL name) alone. */
cJSON *options_some_to_json(const Options *options, const OptionSpec *specs);

/* Puts every member of the object whose option exists and was not typed (options_put). */
void options_from_json(Options *options, const cJSON *object, const char *from);

/* The candidate nearest to a word by edit distance, or NULL when none is near (more than a third of
 * its letters, at least 2, differ). candidates ends with NULL. For "did you mean". */
const char *options_nearest(const char *word, const char *const *candidates);

#endif
