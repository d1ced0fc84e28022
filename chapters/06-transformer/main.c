#include "06-transformer/gpt.h"
#include "train/app.h"

int main(int argc, char **argv)
{
    return app_main(&gpt_family, argc, argv);
}
