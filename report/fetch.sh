#!/bin/sh
# Fetches the charts of the page: the minified script of Apache ECharts, its
# licence and notice, from its package. Run in this folder; a test knows the
# checksum of the script.
set -eu
version=6.1.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && npm pack --silent "echarts@$version" && tar -xzf "echarts-$version.tgz")
gzip -9 -n <"$folder/package/dist/echarts.min.js" >assets/echarts.min.js.gz
cp "$folder/package/LICENSE" assets/echarts-LICENSE
cp "$folder/package/NOTICE" assets/echarts-NOTICE
zcat assets/echarts.min.js.gz | sha256sum
