/* The command line. A look over all its words comes first, for what argp would accept
 * (abbreviations) or answer in a form of its own (unknown options, missing values); then argp reads
 * the values in order. */
#include "support/fail.h"
#include "support/memory.h"
#include "support/options_internal.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_HELP = 'h', KEY_FIRST_OPTION = 1000 };

/* The one name that begins with the word, or the nearest one, or NULL. */
static const char *meant_name(const char *word, const char *const *names)
{
    const char *longer = NULL;
    int count = 0;
    for (const char *const *name = names; *name != NULL; name++) {
        if (*word == '\0' || strncmp(*name, word, strlen(word)) != 0)
            continue;
        longer = *name;
        count++;
    }
    return count == 1 ? longer : options_nearest(word, names);
}

/* Ends the program; the error line names the option that was probably meant. */
static _Noreturn void refuse_word(const Options *options, const char *what, const char *word)
{
    size_t length = strcspn(word, "=");
    size_t dashes = strspn(word, "-");
    char *bare = memory_format("%.*s", (int)(length > dashes ? length - dashes : 0), word + dashes);
    const char **names = memory_new((size_t)options->count + 2, sizeof *names);
    for (int i = 0; i < options->count; i++)
        names[i] = options->option[i].spec->name;
    names[options->count] = "help";
    const char *near = meant_name(bare, names);
    if (near != NULL)
        refuse_usage("%s '%.*s'; did you mean '--%s'? See --help", what, (int)length, word, near);
    refuse_usage("%s '%.*s'; see --help", what, (int)length, word);
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* How many words the option at word takes, its value included. */
static int words_taken(const Options *options, const char *word, const char *next)
{
    if (word[0] != '-' || word[1] == '\0')
        refuse_word(options, "this is no option:", word);
    if (is_help(word))
        return 1;
    const char *equals = strchr(word, '=');
    char *name = memory_text(word[1] == '-' ? word + 2 : "");
    name[strcspn(name, "=")] = '\0';
    const Option *option = option_find(options, name);
    free(name);
    if (option == NULL)
        refuse_word(options, "unknown option", word);
    const OptionSpec *spec = option->spec;
    if (spec->kind == OPTION_FLAG && equals != NULL)
        refuse_usage("option '--%s' takes no value; write it alone. See --help", spec->name);
    if (spec->kind == OPTION_FLAG || equals != NULL)
        return 1;
    /* A value that begins with two dashes is more likely a forgotten one. */
    if (next == NULL || strncmp(next, "--", 2) == 0)
        refuse_usage("option '--%s' needs a value; write --%s=VALUE. See --help", spec->name,
                     spec->name);
    return 2;
}

/* "elbo or iwae". Free with free(). */
static char *choices_text(const OptionSpec *spec)
{
    char **choices = option_choices(spec);
    char *list = memory_text(choices[0]);
    for (char **choice = choices + 1; *choice != NULL; choice++) {
        char *longer = memory_format(choice[1] == NULL ? "%s or %s" : "%s, %s", list, *choice);
        free(list);
        list = longer;
    }
    free(choices[0]);
    free(choices);
    return list;
}

/* The line of --help: what it is, the choices, the default. Free with free(). */
static char *help_text(const OptionSpec *spec)
{
    const char *help = spec->help != NULL ? spec->help : "";
    char *list = spec->kind == OPTION_CHOICE ? choices_text(spec) : memory_text("");
    const char *between = *help != '\0' && *list != '\0' ? ": " : "";
    char *text = spec->initial != NULL
                     ? memory_format("%s%s%s [%s]", help, between, list, spec->initial)
                     : memory_format("%s%s%s", help, between, list);
    free(list);
    return text;
}

static const char *argument_text(const OptionSpec *spec)
{
    static const char *const usual[] = {
        [OPTION_INT] = "N",         [OPTION_REAL] = "X",       [OPTION_TEXT] = "TEXT",
        [OPTION_CHOICE] = "CHOICE", [OPTION_INTS] = "N,N,...", [OPTION_FLAG] = NULL};
    if (spec->kind == OPTION_FLAG || spec->argument == NULL)
        return usual[spec->kind];
    return spec->argument;
}

static error_t word_read(int key, char *value, struct argp_state *state)
{
    const Options *options = state->input;
    if (key == KEY_HELP)
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
    if (key < KEY_FIRST_OPTION || key >= KEY_FIRST_OPTION + options->count)
        return ARGP_ERR_UNKNOWN;
    Option *option = &options->option[key - KEY_FIRST_OPTION];
    char *wrong = option_assign(option, option->spec->kind == OPTION_FLAG ? "true" : value);
    if (wrong != NULL)
        refuse_usage("option '--%s': %s", option->spec->name, wrong);
    option->typed = true;
    return 0;
}

void options_read_line(Options *options, const char *program, const char *purpose, int argc,
                       char **argv)
{
    for (int i = 1; i < argc;)
        i += words_taken(options, argv[i], i + 1 < argc ? argv[i + 1] : NULL);

    struct argp_option *entry = memory_new((size_t)options->count + 3, sizeof *entry);
    char **help = memory_new((size_t)options->count + 1, sizeof *help);
    for (int i = 0; i < options->count; i++) {
        const Option *option = &options->option[i];
        help[i] = help_text(option->spec);
        entry[i] = (struct argp_option){.name = option->spec->name,
                                        .key = KEY_FIRST_OPTION + i,
                                        .arg = argument_text(option->spec),
                                        .doc = help[i],
                                        .group = option->table + 1};
    }
    entry[options->count] = (struct argp_option){
        .name = "help", .key = KEY_HELP, .doc = "show this and exit", .group = -1};
    /* A header, even an empty one, makes argp part the groups by blank lines. */
    entry[options->count + 1] = (struct argp_option){.doc = "", .group = 1};

    int words = argc > 1 ? argc : 1;
    char **line = memory_new((size_t)words + 1, sizeof *line);
    for (int i = 1; i < words; i++)
        line[i] = argv[i];
    char *name = memory_text(program);
    line[0] = name;
    struct argp argp = {.options = entry, .parser = word_read, .doc = purpose};
    if (argp_parse(&argp, words, line, ARGP_NO_HELP, NULL, options) != 0)
        fail("options: argp stopped at a word that was found good before");

    for (int i = 0; i < options->count; i++)
        free(help[i]);
    free(help);
    free(entry);
    free(name);
    free(line);
}
