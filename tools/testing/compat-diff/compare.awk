# SPDX-License-Identifier: GPL-2.0-only
#
# usage: awk -v kernel=stable -f compare.awk DIFFERENCES STOCK OURS
#
# Compares traces call by call. Prints "same NAME", "known NAME ENTRY..." or
# "differs NAME NUMBER". The last is followed by the first call that differs and
# matches no entry of DIFFERENCES, with up to 30 calls before it.

# Convert a number as it stands in calls.
function number(text,    i, value)
{
	if (text !~ /^0x/)
		return text + 0
	for (i = 3; i <= length(text); i++)
		value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
	return value
}

# Return bit @nr of the bytes in @text, which are hexadecimal.
function bit(text, nr,    digit, value)
{
	digit = int(nr / 8) * 2 + (nr % 8 < 4 ? 2 : 1)
	value = index("0123456789abcdef", substr(text, digit, 1)) - 1
	return value < 0 ? 0 : int(value / 2 ^ (nr % 4)) % 2
}

# Remember what a call "map(f,b,iova,size...)" has mapped.
function note_map(line,    arg)
{
	split(line, arg, "[(,)]")
	map_file[nr_maps] = arg[2]
	map_first[nr_maps] = number(arg[4])
	map_size[nr_maps++] = number(arg[5])
}

function was_mapped(file, iova,    i)
{
	for (i = 0; i < nr_maps; i++)
		if (map_file[i] == file && iova >= map_first[i] &&
		    iova < map_first[i] + map_size[i])
			return 1
	return 0
}

# Both bitmaps agree on the pages of the request that the sequence has mapped,
# and ours has no other bits. The request is "dirty(f,flags,iova,size,pgsize..."
# or "unmap(f,iova,size,flags,argsz,p,pgsize...".
function same_where_mapped(line, stock, ours,    arg, at, page, pages, n, i, want)
{
	if (stock !~ / bits:/ || ours !~ / bits:/)
		return 0
	split(line, arg, "[(,)]")
	at = arg[1] == "unmap" ? 3 : 4
	page = arg[1] == "unmap" ? arg[8] : arg[6]
	page = page == "" ? 4096 : number(page)
	pages = number(arg[at + 1]) / page
	if (substr(stock, 1, index(stock, " bits:")) != substr(ours, 1, index(ours, " bits:")))
		return 0
	sub(/.* bits:/, "", stock)
	sub(/.* bits:/, "", ours)
	n = 4 * (length(stock) > length(ours) ? length(stock) : length(ours))
	for (i = 0; i < n; i++) {
		want = i < pages && was_mapped(arg[2], number(arg[at]) + i * page)
		if (bit(ours, i) != (want ? bit(stock, i) : 0))
			return 0
	}
	return 1
}

# Return what "cfg(f,offset,size)" has read, without the register Interrupt Line.
function without_line(line, result,    arg, at, head)
{
	split(line, arg, "[(,)]")
	if (!match(result, /^= [0-9]+ [0-9a-f]+$/))
		return result
	head = result
	sub(/[0-9a-f]+$/, "", head)
	at = length(head) + 2 * (60 - number(arg[3]))
	if (at < length(head) || at >= length(result))
		return result
	return substr(result, 1, at) "--" substr(result, at + 3)
}

function ours_matches(entry, line, ours, stock)
{
	if (entry == "@interrupt-line")
		return without_line(line, ours) == without_line(line, stock)
	if (entry == "@where-mapped")
		return same_where_mapped(line, stock, ours)
	return ours ~ entry
}

function known(name, line, stock, ours,    i)
{
	for (i = 0; i < nr_entries; i++) {
		if (line ~ entry_call[i] && stock ~ entry_stock[i] &&
		    ours_matches(entry_ours[i], line, ours, stock)) {
			if (index(found, " " entry_name[i] " ") == 0)
				found = found entry_name[i] " "
			return 1
		}
	}
	return 0
}

# A line is a call, a space and the result.
function call_of(line)
{
	sub(/ .*/, "", line)
	return line
}

function result_of(line)
{
	return substr(line, length(call_of(line)) + 2)
}

function compare(name,    i, j, n, a, b)
{
	found = " "
	nr_maps = 0
	n = stock_lines[name] > our_lines[name] ? stock_lines[name] : our_lines[name]
	for (i = 0; i < n; i++) {
		a = stock[name, i]
		b = ours[name, i]
		if (a ~ /^map\(.* = 0/)
			note_map(a)
		if (a == b)
			continue
		if (call_of(a) == call_of(b) &&
		    known(name, call_of(a), result_of(a), result_of(b)))
			continue
		print "differs " name " " i
		for (j = i > 30 ? i - 30 : 0; j < i; j++)
			print "      " stock[name, j]
		print "stock " a
		print "ours  " b
		return
	}
	print (found == " " ? "same " name : "known " name found)
}

BEGIN { nr_entries = 0 }

FILENAME == ARGV[1] {
	if ($0 ~ /^(#|$)/)
		next
	if (split($0, field, "\t+") != 5) {
		print "differs in-the-list-of-differences 0"
		next
	}
	if (field[2] != "any" && field[2] != kernel && field[2] != arch)
		next
	entry_name[nr_entries] = field[1]
	entry_call[nr_entries] = field[3]
	entry_stock[nr_entries] = field[4]
	entry_ours[nr_entries] = field[5]
	nr_entries++
	next
}

# The sums of a worker.
/^calls / { next }

/^== / {
	name = $2
	if (FILENAME == ARGV[2])
		names[nr_names++] = name
	next
}

FILENAME == ARGV[2] { stock[name, stock_lines[name]++] = $0 }
FILENAME == ARGV[3] { ours[name, our_lines[name]++] = $0 }

END {
	for (i = 0; i < nr_names; i++)
		compare(names[i])
}
