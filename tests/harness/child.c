#include "harness/suite.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* LeakSanitizer asks this (sanitizer/lsan_interface.h): a child that exits in the middle of its
 * work holds memory, and that is no mistake. */
static bool is_child;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return is_child;
}

ChildResult child_run(void (*run)(void *context), void *context)
{
    ChildResult result = {.status = -1};
    int pipe_end[2];
    fflush(NULL);
    if (pipe(pipe_end) != 0)
        return result;
    pid_t child = fork();
    if (child < 0)
        return result;
    if (child == 0) {
        dup2(pipe_end[1], STDOUT_FILENO);
        dup2(pipe_end[1], STDERR_FILENO);
        close(pipe_end[0]);
        close(pipe_end[1]);
        is_child = true;
        run(context);
        fflush(NULL);
        _exit(0);
    }
    close(pipe_end[1]);
    size_t used = 0;
    char chunk[512];
    for (ssize_t got; (got = read(pipe_end[0], chunk, sizeof chunk)) > 0;) {
        size_t room = sizeof result.text - 1 - used;
        size_t take = (size_t)got < room ? (size_t)got : room;
        memcpy(result.text + used, chunk, take);
        used += take;
    }
    close(pipe_end[0]);
    int status = 0;
    waitpid(child, &status, 0);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

bool child_said(const ChildResult *result, int status, const char *piece)
{
    if (result->status == status && strstr(result->text, piece) != NULL)
        return true;
    printf("\n    wanted status %d and '%s'\n    got status %d and '%s'\n", status, piece,
           result->status, result->text);
    return false;
}

void folder_make(char path[256])
{
    const char *base = getenv("TMPDIR");
    snprintf(path, 256, "%s/lab-test-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(path) == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void folder_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
