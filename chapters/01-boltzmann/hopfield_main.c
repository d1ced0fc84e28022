#include "01-boltzmann/hopfield.h"
int hopfield_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return 0;
}
