/* What the three files of the options share: options.c keeps the values, options_check.c reads one
 * value, options_line.c reads the command line and prints the help. */
#ifndef SUPPORT_OPTIONS_INTERNAL_H
#define SUPPORT_OPTIONS_INTERNAL_H

#include "support/options.h"

typedef struct Option {
    const OptionSpec *spec;
    int table;  /* which of the tables it stands in                                    */
    bool typed; /* by the user, on the command line                                    */
    char *text; /* the value as one would type it, owned; NULL: not set                */
    long integer;
    double number;
    int ints[OPTIONS_MOST_INTS];
    int int_count;
} Option;

struct Options {
    Option *option;
    int count;
};

/* The option of that name, or NULL. */
Option *option_find(const Options *options, const char *name);

/* Reads text into the option's value, whatever its kind; NULL means not set. Returns NULL, or what
 * is wrong with it ("'x' is not a whole number; give one from 1 to 9") to free with free(): then
 * the old value stays. */
char *option_assign(Option *option, const char *text);

/* The choices of a CHOICE as a NULL-terminated list. Free the list and its first entry, which holds
 * the letters of all, with free(). */
char **option_choices(const OptionSpec *spec);

/* Reads argv into the options. --help prints and exits 0; what is wrong exits 2. */
void options_read_line(Options *options, const char *program, const char *purpose, int argc,
                       char **argv);

#endif
