#include "00-classifier/classifier.h"
#include "train/app.h"

int main(int argc, char **argv)
{
    return app_main(&classifier_family, argc, argv);
}
