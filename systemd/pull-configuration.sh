#!/bin/sh
# pull-configuration.sh FOLDER: `git pull --ff-only` in a clone, for a machine whose power may fail at any time.
# It merges nothing, and throws away nothing that was changed by hand.
set -eu
cd "$1"
# The commit that a pull is on its way to; there from before the first file changes until the last one is on the disk.
aim=.git/shutterd-aim

# A pull that was cut off leaves locks, half a tree or empty files. git refuses to touch them ever after, or sees nothing to do.
if [ -s "$aim" ]; then
  find .git -name '*.lock' -delete
  # What was fetched may have gone with the power as well.
  git cat-file -e "$(cat "$aim")^{commit}" 2>/dev/null || git fetch --quiet
  rm -f .git/index
  git reset --quiet --hard "$(cat "$aim")"
else
  find .git -name '*.lock' -mmin +10 -delete # of a fetch; a hand at work holds one for seconds
fi

git fetch --quiet
new=$(git rev-parse '@{upstream}')
if ! git merge-base --is-ancestor "$new" HEAD || [ -s "$aim" ]; then
  if ! git merge-base --is-ancestor HEAD "$new"; then
    echo "Cannot fast-forward to $new: its history is another one than that of the commit here" >&2
    exit 1
  fi
  # What git would refuse needs no aim: it leaves everything as it is.
  if git read-tree -n -m -u HEAD "$new" 2>/dev/null; then
    echo "$new" >"$aim"
    sync "$aim" .git
  fi
  git merge --ff-only --quiet "$new"
  sync -f .
  rm -f "$aim"
fi

# A tree that has an id of its own gets the new one last. A pull by hand may have been the one before.
id=$(git rev-parse HEAD)
if [ -e generation ] && [ "$(cat generation)" != "$id" ] && ! git ls-files --error-unmatch generation >/dev/null 2>&1; then
  echo "$id" >.git/shutterd-id
  mv -f .git/shutterd-id generation
fi
