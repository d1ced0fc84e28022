/* Whether a picture that was read has what a sentence says. */
#include "data/scene.h"

enum { SHAPE, COLOUR, SIZE, PLACE, ATTRIBUTES };

static void attributes(const SceneObject *object, int value[ATTRIBUTES])
{
    value[SHAPE] = object->shape;
    value[COLOUR] = object->colour;
    value[SIZE] = object->size;
    value[PLACE] = object->place;
}

/* Right 1, wrong 0, not said -1, of all objects together: one wrong is wrong. Counts those right.
 */
static int compare(const Scene *read, const Scene *said, const int order[SCENE_MOST],
                   int verdict[ATTRIBUTES])
{
    int right = 0;
    for (int a = 0; a < ATTRIBUTES; a++)
        verdict[a] = -1;
    for (int i = 0; i < said->objects; i++) {
        int wanted[ATTRIBUTES], found[ATTRIBUTES];
        bool there = order[i] < read->objects;
        attributes(&said->object[i], wanted);
        attributes(&read->object[there ? order[i] : 0], found);
        for (int a = 0; a < ATTRIBUTES; a++) {
            if (wanted[a] == SCENE_ANY)
                continue;
            bool same = there && found[a] == wanted[a];
            verdict[a] = same && verdict[a] != 0;
            right += same;
        }
    }
    return right;
}

SceneScore scene_score(const Scene *read, const Scene *said)
{
    static const int order[][SCENE_MOST] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                            {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    int most = -1, best[ATTRIBUTES];
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        int verdict[ATTRIBUTES];
        int right = compare(read, said, order[i], verdict);
        for (int a = 0; right > most && a < ATTRIBUTES; a++)
            best[a] = verdict[a];
        most = right > most ? right : most;
    }
    return (SceneScore){.objects = read->objects == said->objects,
                        .shape = best[SHAPE],
                        .colour = best[COLOUR],
                        .size = best[SIZE],
                        .place = best[PLACE],
                        .ground = said->ground == SCENE_ANY ? -1 : read->ground == said->ground};
}

/* An assignment that has all right has most right, so the score's is it if there is one. */
bool scene_satisfies(const Scene *read, const Scene *said)
{
    SceneScore score = scene_score(read, said);
    return score.objects == 1 && score.shape != 0 && score.colour != 0 && score.size != 0 &&
           score.place != 0 && score.ground != 0;
}
