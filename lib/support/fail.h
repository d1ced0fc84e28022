/* The three ways to stop, and one to go on.
 *
 *   fail          a programmer's mistake (shapes, ranks): prints "error: ..." and aborts
 *   refuse        a user's mistake or the world's (file, data, disk): prints "error: ...", exit 1
 *   refuse_usage  the command line is wrong: prints "error: ...", exit 2
 *   warn          something the user should know: prints "warning: ..." and goes on
 *
 * Every message is one line that says what, why and how to mend it. */
#ifndef SUPPORT_FAIL_H
#define SUPPORT_FAIL_H

#if defined(__GNUC__)
#define FAIL_PRINTF __attribute__((format(printf, 1, 2)))
#else
#define FAIL_PRINTF
#endif

_Noreturn void fail(const char *format, ...) FAIL_PRINTF;
_Noreturn void refuse(const char *format, ...) FAIL_PRINTF;
_Noreturn void refuse_usage(const char *format, ...) FAIL_PRINTF;
void warn(const char *format, ...) FAIL_PRINTF;

#endif
