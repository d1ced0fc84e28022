#!/bin/sh
# Looks at a page of bin/compare in headless Chromium (Debian's package chromium), at 1024 and 400 px wide: nothing
# may be fetched, nothing may stick out sideways, every picture must have an alternative text.
#     sh tests/setup/check_page.sh runs/compare-bars-bars-3/compare.html [SCREENSHOT.png]
set -u
page=${1:?the page is missing: sh tests/setup/check_page.sh FILE.html [SCREENSHOT.png]}
[ -f "$page" ] || { echo "error: $page: not found. Make it with bin/compare"; exit 1; }
command -v chromium >/dev/null || { echo 'error: chromium: not found. Install the package chromium'; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
if grep -Eo '(src|href)="[^"]{1,60}|url\([^)]{1,60}|<(script|link|iframe)[^>]{0,60}' "$page" | grep -v '^src="data:'; then
    echo "error: $page: the lines above would be fetched or run"
    bad=1
fi
for width in 1024 400; do
    # A frame of exactly that width: a headless window has a least width of its own.
    cp "$page" "$work/page.html"
    cat >"$work/frame.html" <<END
<!DOCTYPE html><body style="margin:0"><iframe id="f" src="page.html" style="width:${width}px;height:900px;border:0"></iframe>
<script>
window.onload = function () {
  var f = document.getElementById("f"), d = f.contentDocument, w = f.contentWindow;
  var fetched = w.performance.getEntriesByType("resource").filter(function (e) { return e.name.indexOf("data:") != 0; });
  var silent = Array.prototype.filter.call(d.images, function (i) { return !i.alt || i.naturalWidth == 0; });
  document.title = "width " + d.documentElement.scrollWidth + " of ${width}, fetched " + fetched.length +
    ", pictures " + d.images.length + ", without text or broken " + silent.length;
};
</script></body>
END
    said=$(chromium --headless --no-sandbox --disable-gpu --allow-file-access-from-files --virtual-time-budget=5000 \
        --window-size=1100,900 --dump-dom "file://$work/frame.html" 2>/dev/null | sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p')
    echo "$width px: ${said:-the browser said nothing}"
    case $said in
    *", fetched 0, pictures "*", without text or broken 0") ;;
    *) bad=1 ;;
    esac
    taken=$(echo "$said" | sed 's/^width \([0-9]*\) .*/\1/')
    [ "${taken:-9999}" -le "$width" ] 2>/dev/null || bad=1
done
if [ $# -gt 1 ]; then
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1024,1500 --screenshot="$2" \
        "file://$(realpath "$page")" >/dev/null 2>&1 && echo "written to $2"
fi
exit $bad
