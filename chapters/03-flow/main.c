#include "03-flow/flow_model.h"
#include "train/app.h"

int main(int argc, char **argv)
{
    return app_main(&flow_family, argc, argv);
}
