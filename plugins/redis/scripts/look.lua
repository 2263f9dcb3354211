-- ARGV: time, number of entries, space and key of each, then space, prefix, after and limit of each page.
-- Time, revision, entries, pages and what tells each page from another: see `view`.
return view(3, tonumber(ARGV[2]), 2, 4)
