#!/usr/bin/env bash
# The old place of utils/perturb_data_dir_speed.sh.
exec utils/perturb_data_dir_speed.sh "$@"
