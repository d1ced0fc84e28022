/* bin/compare: every family on the same data, one page. */
#include "08-compare/compare_contest.h"
#include "08-compare/compare_one.h"
#include "support/memory.h"
#include "train/app.h"

#include <stdlib.h>
#include <string.h>

/* The command as one can type it again: words with anything else than letters, digits and a few
 * signs in quotes. */
static char *typed(int argc, char **argv)
{
    char *line = memory_text("bin/compare");
    for (int i = 1; i < argc; i++) {
        bool plain = strspn(argv[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-_./,=") == strlen(argv[i]);
        char *longer = strcmp(argv[i], "--force") == 0
                           ? memory_text(line)
                           : memory_format(plain ? "%s %s" : "%s \"%s\"", line, argv[i]);
        free(line);
        line = longer;
    }
    return line;
}

int main(int argc, char **argv)
{
    app_spin_briefly(argv);
    if (argc > 1 && strcmp(argv[1], "one") == 0)
        return one_main(argc - 1, argv + 1);
    const OptionSpec *tables[] = {contest_options, NULL};
    char *command = typed(argc, argv);
    Options *options =
        options_parse("compare",
                      "Trains every family of a track on the same data within the same budget, or "
                      "takes finished runs, measures all of them with the same code, and writes "
                      "one page.",
                      tables, argc, argv);
    int status = contest_run(options, command);
    options_free(options);
    free(command);
    return status;
}
