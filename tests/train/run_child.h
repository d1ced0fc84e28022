/* Training runs in child processes: a small VAE on bars and stripes, stopped or killed where a test
 * says. Only children train, so the parent has no threads when it forks. */
#ifndef TEST_RUN_CHILD_H
#define TEST_RUN_CHILD_H

#include "02-vae/vae.h"
#include "harness/suite.h"
#include "support/file.h"
#include "support/memory.h"
#include "train/loop.h"
#include "train/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Under a sanitizer malloc is its own, keeps back freed memory and reserves terabytes of addresses.
 */
#if defined(__SANITIZE_ADDRESS__)
#define RUN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RUN_SANITIZED 1
#endif
#endif
#ifndef RUN_SANITIZED
#define RUN_SANITIZED 0
#endif

/* A tiny model; --quick shortens the measurement of the speed, --steps still sets the length. */
#define RUN_SMALL                                                                                  \
    "--data bars --hidden 16 --latent 2 --batch 32 --steps 20 --threads 1 --quick --quiet"

enum { RUN_MOST_WORDS = 64, RUN_KILLED = 128 + SIGKILL };

/* A call of train, and where it kills itself: after a step, or within a save at a stage of
 * file_write_staged; the first save of the process is number 1. 0 and -1: nowhere. */
typedef struct RunCall {
    const char *dir, *words;
    const Family *family; /* NULL: the VAE's */
    long kill_step;
    int kill_save, kill_stage;
} RunCall;

typedef struct RunKiller {
    const RunCall *call;
    int saves;
} RunKiller;

static inline void run_kill_saving(int stage, void *context)
{
    RunKiller *killer = context;
    killer->saves += stage == 0;
    if (killer->saves == killer->call->kill_save && stage == killer->call->kill_stage)
        raise(SIGKILL);
}

static inline void run_kill_between(long step, void *context)
{
    const RunKiller *killer = context;
    if (step == killer->call->kill_step)
        raise(SIGKILL);
}

/* Cuts words at blanks into argv behind its first count; ends it with NULL. Returns the count. */
static inline int run_words(char *words, char **argv, int count)
{
    char *save = NULL;
    for (char *word = strtok_r(words, " ", &save); word != NULL && count < RUN_MOST_WORDS - 1;
         word = strtok_r(NULL, " ", &save))
        argv[count++] = word;
    argv[count] = NULL;
    return count;
}

static inline Options *run_parse_of(const Family *family, const char *dir, const char *words)
{
    const OptionSpec *tables[] = {loop_options, run_options, family->options,
                                  family_optimizer_options, NULL};
    char *line = memory_format("%s --out %s %s", family->name, dir, words);
    char *argv[RUN_MOST_WORDS];
    int argc = run_words(line, argv, 0);
    Options *options = options_parse("train", "test", tables, argc, argv);
    free(line);
    return options;
}

static inline Options *run_parse(const char *dir, const char *words)
{
    return run_parse_of(&vae_family, dir, words);
}

/* A program that refuses leaves its memory to the system, which is no leak: the child ends before a
 * sanitizer looks for one. */
static inline void run_end(int status, void *unused)
{
    (void)unused;
    fflush(NULL);
    _exit(status);
}

static inline void run_train(void *context)
{
    on_exit(run_end, NULL);
    const RunCall *call = context;
    RunKiller killer = {.call = call};
    const LoopHooks hooks = {run_kill_saving, run_kill_between, &killer};
    const Family *family = call->family != NULL ? call->family : &vae_family;
    Options *options = run_parse_of(family, call->dir, call->words);
    loop_train(family, options, &hooks);
    options_free(options);
}

static inline ChildResult run_child(const RunCall *call)
{
    return child_run(run_train, (void *)call);
}

/* Trains to the end or to --stop-after; prints what the child said when it did not end well. */
static inline bool run_ends(const char *dir, const char *words)
{
    const RunCall call = {.dir = dir, .words = words};
    ChildResult result = run_child(&call);
    return child_said(&result, 0, "");
}

/* Whether train ends with that status and says that piece. */
static inline bool run_said(const Family *family, const char *dir, const char *words, int status,
                            const char *piece)
{
    const RunCall call = {.dir = dir, .words = words, .family = family};
    ChildResult result = run_child(&call);
    return child_said(&result, status, piece);
}

static inline bool run_refused(const char *dir, const char *words, int status, const char *piece)
{
    return run_said(&vae_family, dir, words, status, piece);
}

/* Whether the files of that name in two folders hold the same bytes. */
static inline bool run_same_file(const char *a_dir, const char *b_dir, const char *name)
{
    char *a_path = run_path(a_dir, name), *b_path = run_path(b_dir, name);
    size_t a_bytes = 0, b_bytes = 0;
    char *a = NULL, *b = NULL;
    bool read =
        file_try_read(a_path, &a, &a_bytes) == NULL && file_try_read(b_path, &b, &b_bytes) == NULL;
    bool same = read && a_bytes > 0 && a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0;
    free(a);
    free(b);
    free(a_path);
    free(b_path);
    return same;
}

/* Checkpoint and weights are equal, bit for bit. */
static inline bool run_same(const char *a_dir, const char *b_dir)
{
    return run_same_file(a_dir, b_dir, "checkpoint.safetensors") &&
           run_same_file(a_dir, b_dir, "weights.safetensors");
}

/* metrics.csv without its third column, the seconds. Free with free(). */
static inline char *run_metrics(const char *dir)
{
    char *path = run_path(dir, "metrics.csv");
    size_t bytes = 0;
    char *text = file_read(path, &bytes), *to = text;
    int comma = 0;
    for (const char *from = text; *from != '\0'; from++) {
        comma = *from == '\n' ? 0 : comma + (*from == ',');
        if (comma != 2)
            *to++ = *from;
    }
    *to = '\0';
    free(path);
    return text;
}

static inline bool run_same_metrics(const char *a_dir, const char *b_dir)
{
    char *a = run_metrics(a_dir), *b = run_metrics(b_dir);
    bool same = strcmp(a, b) == 0;
    if (!same)
        printf("\n    metrics differ:\n%s\n%s\n", a, b);
    free(a);
    free(b);
    return same;
}

/* A run that is stopped after a step and resumed equals one that never stopped. */
static inline void run_stopped_equals_whole(const Family *family, const char *words,
                                            const char *stop)
{
    char root[256];
    folder_make(root);
    char *whole = run_path(root, "whole"), *parted = run_path(root, "parted");
    char *first = memory_format("%s --stop-after %s", words, stop);
    CU_ASSERT_FATAL(run_said(family, whole, words, 0, ""));
    CU_ASSERT_FATAL(run_said(family, parted, first, 0, ""));
    CU_ASSERT(!run_same_file(whole, parted, "checkpoint.safetensors"));
    CU_ASSERT(run_said(family, parted, "--resume --quiet", 0, ""));
    CU_ASSERT(run_same(whole, parted));
    CU_ASSERT(run_same_metrics(whole, parted));
    free(first);
    free(whole);
    free(parted);
    folder_remove(root);
}

#endif
