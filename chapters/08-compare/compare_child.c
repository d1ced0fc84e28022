#include "08-compare/compare_child.h"

#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "tensor/profile.h"
#include "train/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int open_log(const char *log)
{
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (file < 0)
        refuse("%s: not written: %s; choose another --out", log, strerror(errno));
    return file;
}

/* The last line of the log that begins with "error:"; else how the process ended. */
static char *reason_of(const char *log, int status)
{
    size_t bytes;
    char *text = file_read(log, &bytes), *rest = NULL, *reason = NULL;
    for (char *line = strtok_r(text, "\r\n", &rest); line != NULL;
         line = strtok_r(NULL, "\r\n", &rest))
        if (strncmp(line, "error: ", 7) == 0) {
            free(reason);
            reason = memory_text(line + 7);
        }
    free(text);
    if (reason != NULL)
        return reason;
    return status > 128 ? memory_format("ended by signal %d; see %s", status - 128, log)
                        : memory_format("ended with status %d; see %s", status, log);
}

static int wait_for(pid_t child, const char *what, bool show)
{
    char duration[32];
    double start = profile_seconds();
    int state;
    for (;;) {
        pid_t ended = waitpid(child, &state, WNOHANG);
        if (ended == child)
            break;
        if (ended < 0 && errno != EINTR)
            refuse("%s: lost its process: %s", what, strerror(errno));
        if (show)
            fprintf(stderr, "\r  %s, %s\033[K", what,
                    progress_duration(profile_seconds() - start, duration));
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    if (show)
        fputs("\r\033[K", stderr);
    return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

ChildEnd child_process(char *const *argv, const char *log, const char *what, bool quiet)
{
    ChildEnd end = {0};
    int file = open_log(log);
    fflush(stdout);
    void (*before)(int) = signal(SIGINT, SIG_IGN);
    pid_t child = fork();
    if (child < 0)
        refuse("%s: no new process: %s", what, strerror(errno));
    if (child == 0) {
        signal(SIGINT, SIG_DFL);
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
        execv("/proc/self/exe", argv);
        _exit(127);
    }
    close(file);
    end.status = wait_for(child, what, !quiet && isatty(STDERR_FILENO));
    signal(SIGINT, before);
    if (end.status != 0 && end.status != 130)
        end.reason = reason_of(log, end.status);
    return end;
}
