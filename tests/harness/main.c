/* Runs the one suite of a test program and decides the exit status from the counts: CUnit itself
 * returns success even when assertions fail. Nothing run counts as failure. */
#include "harness/suite.h"

#include <CUnit/Basic.h>
#include <gsl/gsl_errno.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    gsl_set_error_handler_off(); /* its default aborts, and the other tests of the suite with it */
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_pSuite registered = CU_add_suite(suite.name, NULL, NULL);
    if (registered == NULL)
        return EXIT_FAILURE;
    for (const SuiteTest *test = suite.test; test->name != NULL; test++)
        if (CU_add_test(registered, test->name, test->run) == NULL)
            return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned run = CU_get_number_of_tests_run();
    unsigned failed = CU_get_number_of_tests_failed();
    unsigned asserts = CU_get_number_of_asserts();
    printf("suite %s: %u tests, %u failed, %u assertions\n", suite.name, run, failed, asserts);
    CU_cleanup_registry();
    return run > 0 && failed == 0 && asserts > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
