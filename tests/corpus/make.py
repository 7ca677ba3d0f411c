#!/usr/bin/env python3
"""Makes the corpus: good and bad files of every format and what is to be said of
each, from the formats' specifications and nothing but the standard library, so
that our readers are checked by a second opinion. Run it in this folder.

A line of expected.txt is FILE, TAB, one of
  ok NAME ROWS COLS CHECKSUM   a matrix; CHECKSUM is sum (k + 1) * entry k, row by row
  notice TEXT                  part of the document's notice
  fact KEY VALUE               what the document tells of itself
  lax                          bytes behind the end are allowed, so prefixes may be good
  format|limit TEXT            refused with this exit, and TEXT in the sentence
"""
import json
import math
import os
import random
import struct
import zlib

FILES = {}     # path -> bytes
EXPECTED = {}  # folder -> lines


def put(folder, name, data, *lines):
    FILES[f"{folder}/{name}"] = data
    EXPECTED.setdefault(folder, []).extend(f"{name}\t{line}" for line in lines)


def matrix(name, rows):
    total, k = 0.0, 0
    for row in rows:
        for value in row:
            k += 1
            total += k * value
    return f"ok {name} {len(rows)} {len(rows[0]) if rows else 0} {total!r}"


# ---------------------------------------------------------------- npy

def npy(descr, fortran, shape, data, version=1, header=None, pad=64):
    text = header if header is not None else \
        "{'descr': %s, 'fortran_order': %s, 'shape': %s, }" % (descr, fortran, shape)
    raw = text.encode("latin-1")
    start = 10 if version == 1 else 12
    if pad:
        raw += b" " * (-(start + len(raw) + 1) % pad) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(raw))
    return b"\x93NUMPY" + bytes([version, 0]) + length + raw + data


def make_npy():
    rows = [[-3, 0, 2, 7], [1, -8, 100, 5], [-1, 4, -100, 6]]
    flat = [v for r in rows for v in r]
    down = [rows[i][j] for j in range(4) for i in range(3)]
    positive = [[abs(v) for v in r] for r in rows]
    codes = {"f2": "e", "f4": "f", "f8": "d", "i1": "b", "i2": "h", "i4": "i", "i8": "q",
             "u1": "B", "u2": "H", "u4": "I", "u8": "Q"}
    for code, letter in codes.items():
        values = positive if code[0] == "u" else rows
        items = [v for r in values for v in r]
        for order, name in (("<", "le"), (">", "be")):
            mark = "|" if code[1] == "1" else order
            put("npy", f"{name}_{code}.npy",
                npy(f"'{mark}{code}'", False, "(3, 4)",
                    struct.pack(f"{order}12{letter}", *items)),
                matrix(f"{name}_{code}", values))
    f4 = struct.pack("<12f", *flat)
    put("npy", "bool.npy", npy("'|b1'", False, "(3, 4)", bytes([1, 0] * 6)),
        matrix("bool", [[1, 0, 1, 0]] * 3))
    put("npy", "fortran.npy", npy("'<f4'", True, "(3, 4)", struct.pack("<12f", *down)),
        matrix("fortran", rows))
    put("npy", "fortran_be.npy", npy("'>f8'", True, "(3, 4)", struct.pack(">12d", *down)),
        matrix("fortran_be", rows))
    put("npy", "row.npy", npy("'<f4'", False, "(12,)", f4), matrix("row", [flat]),
        "notice one dimension read as one row")
    put("npy", "number.npy", npy("'<f8'", False, "()", struct.pack("<d", 2.5)),
        matrix("number", [[2.5]]), "notice a single number")
    put("npy", "no_rows.npy", npy("'<f4'", False, "(0, 4)", b""), "ok no_rows 0 4 0.0")
    put("npy", "no_cols.npy", npy("'<f4'", False, "(4, 0)", b""), "ok no_cols 4 0 0.0")
    put("npy", "version2.npy", npy("'<f4'", False, "(3, 4)", f4, 2), matrix("version2", rows))
    put("npy", "version3.npy", npy("'<f4'", False, "(3, 4)", f4, 3), matrix("version3", rows))
    put("npy", "python2.npy", npy("'<f4'", False, "(3L, 4L)", f4), matrix("python2", rows))
    put("npy", "unaligned.npy", npy("'<f4'", False, "(3, 4)", f4, pad=0),
        matrix("unaligned", rows))
    put("npy", "odd_style.npy",
        npy(0, 0, 0, f4, header='{ "shape" :(3,4), "fortran_order":False ,"descr":"<f4"}'),
        matrix("odd_style", rows))
    plain = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"
    put("npy", "comment.npy", npy(0, 0, 0, f4, header=plain + "  # } more"), matrix("comment", rows))
    put("npy", "bad_behind_comment.npy", npy(0, 0, 0, f4, header=plain + " # one\n, 1"), "format something follows")
    put("npy", "big_integers.npy", npy("'<i8'", False, "(1, 2)", struct.pack("<2q", 5, -6)),
        matrix("big_integers", [[5, -6]]), "notice integers above 2^53 are rounded")

    def bad(name, text, **k):
        arguments = {"descr": "'<f4'", "fortran": False, "shape": "(3, 4)", "data": f4}
        arguments.update(k)
        put("npy", f"bad_{name}.npy", npy(**arguments), text)
    bad("trailing", "format 3 bytes follow the array", data=f4 + b"xyz")
    bad("short", "format the array wants 48 bytes, the file has 47", data=f4[:-1])
    bad("object", "format Python objects (pickle)", descr="'|O'")
    bad("bfloat16", "format bfloat16, export them as float32", descr="'|V2'")
    bad("text", "format '<U3' holds text", descr="'<U3'")
    bad("bytes", "format holds text", descr="'|S3'")
    bad("dates", "format holds dates", descr="'<M8[s]'")
    bad("spans", "format holds time spans", descr="'<m8[s]'")
    bad("complex", "format holds complex numbers", descr="'<c16'")
    bad("long_double", "format floats of an unusual size", descr="'<f16'")
    bad("letter_g", "format holds long doubles", descr="'<g'")
    bad("structured", "format structured type", descr="[('a', '<f4')]")
    bad("subarray", "format structured type", descr="('<f4', (2,))")
    bad("unknown", "format unknown type '<q8'", descr="'<q8'")
    bad("no_order", "format does not say its byte order", descr="'f4'")
    bad("no_order_bar", "format does not say its byte order", descr="'|f4'")
    bad("escape", "format plain short string", descr="'<f\\x34'")
    bad("negative", "format a plain dimension expected", shape="(-1, 4)")
    bad("bool_dimension", "format a plain dimension expected", shape="(True, 12)")
    bad("numpy_integer", "format a plain dimension expected", shape="(np.int64(3), 4)")
    bad("not_a_tuple", "format the shape is not a tuple", shape="(12)")
    bad("bare_number", "format '(' expected", shape="12")
    bad("three", "format 3 dimensions (2 x 3 x 2)", shape="(2, 3, 2)")
    bad("many", "format more than 32 dimensions", shape="(" + "1, " * 33 + ")")
    bad("wraps", "format beyond 64 bits", shape="(4294967296, 4294967296)")
    bad("wraps_with_zero", "format beyond 64 bits",
        shape="(4294967296, 4294967296, 0)", data=b"")
    bad("digits", "format a dimension beyond 64 bits", shape="(99999999999999999999, 1)")
    bad("wide", "limit is longer than 1073741824 a side", shape="(0, 1099511627776)", data=b"")
    bad("order", "format True or False expected", fortran="true")
    bad("key_twice", "format 'descr' stands there twice",
        header="{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }")
    bad("key_unknown", "format unknown key 'extra'",
        header="{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), 'extra': 1, }")
    bad("key_missing", "format 'fortran_order' is missing",
        header="{'descr': '<f4', 'shape': (3, 4), }")
    bad("no_comma", "format ',' or '}' expected",
        header="{'descr': '<f4' 'fortran_order': False, 'shape': (3, 4), }")
    bad("shape_comma", "format ',' or ')' expected",
        header="{'descr': '<f4', 'fortran_order': False, 'shape': (3 4), }")
    bad("no_colon", "format ':' expected", header="{'descr' '<f4'}")
    bad("no_brace", "format '{' expected", header="'descr': '<f4'")
    bad("unclosed", "format expected", header="{'descr': '<f4', 'shape': (3, 4")
    bad("more_code", "format something follows the '}'",
        header="{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } + 1")
    good = npy("'<f4'", False, "(3, 4)", f4)
    put("npy", "bad_version.npy", good[:6] + b"\x04\0" + good[8:], "format version 4.0")
    put("npy", "bad_minor.npy", good[:6] + b"\x01\x01" + good[8:], "format version 1.1")
    put("npy", "bad_length.npy", good[:8] + b"\xff\xff" + good[10:],
        "format the header claims 65535 bytes")
    put("npy", "bad_length4.npy", b"\x93NUMPY\x02\0\xff\xff\xff\xff",
        "format the header claims 4294967295 bytes")
    put("npy", "bad_header.npy", npy(0, 0, 0, b"", 2, header="{" + " " * 65600),
        "limit a header of")
    put("npy", "bad_control.npy", npy("'<\x1b[31m\x07'", False, "(3, 4)", f4),
        "format unknown type '<\\x1b[31m\\x07'")


# ---------------------------------------------------------------- npz

def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def zip_file(name, data, squeeze=True, **more):
    """What both headers say of a file; local_KEY: the local one alone; bytes: as they are packed."""
    raw = deflate(data) if squeeze else data
    f = {"name": name.encode() if isinstance(name, str) else name, "bytes": raw, "method": 8 if squeeze else 0, "flags": 0,
         "crc": zlib.crc32(data), "packed": len(raw), "size": len(data), "extra": b"", "disk": 0, "behind": b""}
    f.update(more, name=f["name"])
    for key in ("name", "method", "flags", "crc", "packed", "size", "extra"):
        f.setdefault("local_" + key, b"" if key == "extra" else f[key])
    return f


def zip_archive(files, tail=b"", zip64=False, order=None, **end):
    """end: fields of the end record that lie."""
    data, places = b"", []
    for f in files:
        places.append(f.get("offset", len(data)))
        data += struct.pack("<IHHHIIIIHH", 0x04034b50, 45, f["local_flags"], f["local_method"], 0x210000, f["local_crc"],
                            f["local_packed"], f["local_size"], len(f["local_name"]), len(f["local_extra"])) + \
            f["local_name"] + f["local_extra"] + f["bytes"] + f["behind"]
    start, directory = len(data), b""
    for i in order or range(len(files)):
        f = files[i]
        directory += struct.pack("<IHHHHIIIIHHHHHII", 0x02014b50, 45, 45, f["flags"], f["method"], 0x210000, f["crc"],
                                 f["packed"], f["size"], len(f["name"]), len(f["extra"]), 0, f["disk"], 0, 0,
                                 places[i]) + f["name"] + f["extra"]
    told = {"n": len(files), "bytes": len(directory), "at": start, "disk": 0, **end}
    data += directory
    if zip64:
        at = len(data)
        data += struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 45, 45, 0, 0, told["n"], told["n"], told["bytes"], told["at"])
        data += struct.pack("<IIQI", 0x07064b50, 0, told.get("locator", at), 1)
        told.update(n=0xffff, bytes=2 ** 32 - 1, at=2 ** 32 - 1)
    return data + struct.pack("<IHHHHIIH", 0x06054b50, told["disk"], 0, told["n"], told["n"], told["bytes"], told["at"],
                              len(tail)) + tail


def wide(*sizes):
    return struct.pack(f"<HH{len(sizes)}Q", 1, 8 * len(sizes), *sizes)


def make_npz():
    rows, more = [[1.5, -2, 3], [0, 8, -0.25]], [[4, -5]]
    a = npy("'<f4'", False, "(2, 3)", struct.pack("<6f", *sum(rows, [])))
    b = npy("'>i2'", True, "(1, 2)", struct.pack(">2h", *more[0]))
    whole = (matrix("a", rows), matrix("b", more))
    files = [zip_file("a.npy", a), zip_file("b.npy", b, False)]
    put("npz", "two.npz", zip_archive(files), *whole)
    put("npz", "order.npz", zip_archive(files, order=[1, 0]), *whole)
    put("npz", "comment.npz", zip_archive(files, b"PK\5\6 and more"), *whole, "lax")
    put("npz", "zip64.npz", zip_archive([zip_file(
        f"{n}.npy", d, p, local_packed=2 ** 32 - 1, local_size=2 ** 32 - 1, packed=2 ** 32 - 1, size=2 ** 32 - 1,
        extra=struct.pack("<HH", 7, 2) + b"xx" + wide(len(d), len(deflate(d)) if p else len(d)),
        local_extra=wide(len(d), len(deflate(d)) if p else len(d))) for n, d, p in (("a", a, True), ("b", b, False))],
        zip64=True), *whole)
    put("npz", "later.npz", zip_archive([zip_file(
        f"{n}.npy", d, p, flags=8, local_crc=0, local_packed=0, local_size=0,
        behind=struct.pack("<III", zlib.crc32(d), 0, len(d))) for n, d, p in (("a", a, True), ("b", b, False))]), *whole)
    numbers = npy("'<f8'", False, "(3,)", struct.pack("<3d", 1, 2, 3))
    put("npz", "others.npz", zip_archive(
        [zip_file("x/a.npy", a), zip_file("row.npy", numbers), zip_file("cube.npy", npy("'|u1'", False, "(1, 2, 3)", bytes(6))),
         zip_file("text.npy", npy("'<U3'", False, "(1,)", bytes(12))), zip_file("object.npy", npy("'|O'", False, "()", b"\x80.")),
         zip_file("struct.npy", npy("[('a', '<f4')]", False, "(1,)", bytes(4))), zip_file("readme", b"plain"),
         zip_file("long.npy", npy("'<i8'", False, "(1, 1)", struct.pack("<q", 5)))]),
        matrix("x/a", rows), matrix("row", [[1, 2, 3]]), matrix("long", [[5]]),
        "notice 1 of 8 arrays have no two dimensions and are read as one row; integers above 2^53 are rounded; "
        "5 of 8 are not matrices and left out")
    put("npz", "none.npz", zip_archive([]), "lax")
    put("npz", "no_rows.npz", zip_archive([zip_file("e.npy", npy("'<f4'", False, "(0, 4)", b""))]), "ok e 0 4 0.0")

    def bad(name, text, files=files, **more):
        put("npz", f"bad_{name}.npz", zip_archive(files, **more), text)

    def one(case, text, squeeze=True, **more):
        bad(case, text, [zip_file(**{"name": "a.npy", **more}, data=a, squeeze=squeeze)])
    long = len(a)
    one("encrypted", "format a.npy is encrypted", flags=1)
    one("strong", "format a.npy is encrypted", flags=64)
    one("masked", "format a.npy is encrypted", flags=1 << 13)
    one("method", "format packed by method 12; 0 and 8 are read", method=12)
    one("disk", "format a.npy is on another disk", disk=1)
    one("ratio", "format a.npy claims 1000000 bytes, packed in", size=1000000)
    one("stored", "format a.npy claims 153 bytes, packed in 152", False, size=153)
    one("size", "format does not unpack to the 153 bytes", size=long + 1)
    one("size_less", "format does not unpack to the 151 bytes", size=long - 1)
    one("crc", "format the checksum of a.npy is wrong", crc=5)
    one("crc_stored", "format the checksum of a.npy is wrong", False, crc=5)
    for key, value in (("crc", 5), ("packed", 7), ("size", 7), ("method", 0), ("name", b"b.npy"), ("name", b"a.np")):
        one(f"local_{key}{len(value) if key == 'name' else ''}", "format a.npy is not where, or what, the directory says",
            **{f"local_{key}": value})
    one("offset", "format a.npy is not where, or what, the directory says", offset=1)
    one("offset_far", "format a.npy lies behind the files", offset=2 ** 20)
    one("name_empty", "format a name of 0 bytes", name=b"", local_name=b"")
    one("name_long", "format a name of 1025 bytes", name=b"a" * 1025)
    one("name_control", "format the name '\\x1b.npy' is not plain text", name=b"\x1b.npy")
    one("name_nul", "format is not plain text", name=b"a\0.npy")
    one("zip64", "format the zip64 sizes of a.npy are broken", size=2 ** 32 - 1, extra=struct.pack("<HHI", 1, 4, 5))
    one("zip64_none", "format the zip64 sizes of a.npy are broken", size=2 ** 32 - 1)
    one("extra", "format the zip64 sizes of a.npy are broken", extra=struct.pack("<HH", 9, 100))
    one("stream", "format a.npy does not unpack", bytes=b"\xff" * 90, packed=90)
    one("stream_short", "format a.npy does not unpack", bytes=deflate(a)[:-4], packed=len(deflate(a)) - 4)
    one("stream_long", "format a.npy does not unpack", bytes=deflate(a) + b"xx", packed=len(deflate(a)) + 2)
    one("stream_more", "format follow the array", bytes=deflate(a + b"x"), packed=len(deflate(a + b"x")), size=long + 1,
        crc=zlib.crc32(a + b"x"))
    one("stream_beyond", "format does not unpack to the 152 bytes", bytes=deflate(a + b"x"), packed=len(deflate(a + b"x")))
    bad("twice", "format there are two files named a.npy", [files[0], zip_file("a.npy", b)])
    bad("overlap", "format b.npy overlaps a.npy", [zip_file("a.npy", b + zip_archive([zip_file("b.npy", b, False)]), False),
                                                   zip_file("b.npy", b, False, offset=35 + len(b))])
    bad("same", "format b.npy overlaps a.npy", [files[0], zip_file("b.npy", a, offset=0)])
    for name, text, end in (
            ("files", "format claims 60000 files in", {"n": 60000}), ("fewer", "format has more in it than its 1 files", {"n": 1}),
            ("more", "format the directory is broken", {"n": 3, "bytes": 102 + 46, "at": None}),
            ("directory", "format the directory claims", {"at": 0}), ("disks", "format is a part of several disks", {"disk": 1}),
            ("locator", "format the zip64 directory is missing", {"zip64": True, "locator": 2 ** 40}),
            ("end64", "format the zip64 directory is broken", {"zip64": True, "locator": 0})):
        if end.get("at", 0) is None:  # the directory seems to begin earlier
            size = len(zip_archive(files)) - 22
            end = {**end, "at": size - end["bytes"]}
        bad(name, text, **end)
    put("npz", "bad_trailing.npz", zip_archive(files) + b"x", "format has no directory at its end")
    put("npz", "bad_end.npz", b"PK\3\4" + bytes(60), "format has no directory at its end")
    bad("magic", "format does not begin as an array does", [zip_file("a.npy", b"\x93NUMPX" + a[6:])])
    bad("header", "format 'fortran_order' is missing", [zip_file("a.npy", npy("", 0, "", b"", header="{'descr': '<f4', 'shape': ()}"))])
    bad("bomb", "format the array wants 4000000000000 bytes, the file has 0",
        [zip_file("a.npy", npy("'<f8'", False, "(500000000000,)", b""))])
    bad("zeros", "format 99992 bytes follow the array",
        [zip_file("a.npy", npy("'<f8'", False, "(1,)", bytes(100000)))])


# ---------------------------------------------------------------- png

def chunk(kind, data, crc=None):
    kind = kind.encode()
    value = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", value)


SIGNATURE = b"\x89PNG\r\n\x1a\n"
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def pack_row(row, depth):
    """Samples of one row as bytes, most significant first."""
    if depth == 16:
        return struct.pack(f">{len(row)}H", *row)
    bits, n, out = 0, 0, bytearray()
    for v in row:
        bits, n = bits << depth | v, n + depth
        if n == 8:
            out.append(bits)
            bits, n = 0, 0
    if n:
        out.append(bits << 8 - n)
    return bytes(out)


def filtered(rows, step):
    """Each row by another of the five filters."""
    out, before = bytearray(), bytes(len(rows[0]) if rows else 0)
    for y, row in enumerate(rows):
        kind = y % 5
        out.append(kind)
        for i, x in enumerate(row):
            a = row[i - step] if i >= step else 0
            b, c = before[i], before[i - step] if i >= step else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            out.append((x - (0, a, b, (a + b) // 2, paeth)[kind]) & 255)
        before = row
    return bytes(out)


def image_data(pixels, colour, depth, interlace):
    """pixels[y][x] is a tuple of samples."""
    step = max(1, SAMPLES[colour] * depth // 8)
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
              (1, 0, 2, 2), (0, 1, 1, 2)] if interlace else [(0, 0, 1, 1)]
    out = b""
    for x0, y0, dx, dy in passes:
        rows = [[s for p in line[x0::dx] for s in p] for line in pixels[y0::dy]]
        if rows and rows[0]:
            out += filtered([pack_row(r, depth) for r in rows], step)
    return zlib.compress(out, 9)


def png(pixels, colour, depth, interlace=0, before=(), after=(), header=None):
    ihdr = header or struct.pack(">IIBBBBB", len(pixels[0]), len(pixels), depth, colour, 0, 0,
                                 interlace)
    return SIGNATURE + chunk("IHDR", ihdr) + b"".join(before) + \
        chunk("IDAT", image_data(pixels, colour, depth, interlace)) + b"".join(after) + \
        chunk("IEND", b"")


def planes_of(pixels, full, alpha=False):
    """What the planes of the format's pixels are: name -> rows in [0, 1]."""
    def over_white(p):
        if not alpha:
            return [s / full for s in p]
        a = p[-1] / full
        return [s / full * a + (1 - a) for s in p[:-1]]
    flat = [[over_white(p) for p in row] for row in pixels]
    colour = len(flat[0][0]) == 3
    luma = (0.299, 0.587, 0.114) if colour else (1,)
    planes = {"grey": [[sum(w * v for w, v in zip(luma, p)) for p in row] for row in flat]}
    if colour:
        for i, name in enumerate("rgb"):
            planes[name] = [[p[i] for p in row] for row in flat]
    if alpha:
        planes["a"] = [[p[-1] / full for p in row] for row in pixels]
    return planes


def put_png(name, data, pixels, full, alpha=False, notices=()):
    put("png", name, data, *[matrix(n, rows) for n, rows in planes_of(pixels, full, alpha).items()],
        *[f"notice {n}" for n in notices])


def pattern(width, height, samples, full, seed=1):
    state, rows = seed, []
    for _ in range(height):
        row = []
        for _ in range(width):
            pixel = []
            for _ in range(samples):
                state = (state * 1103515245 + 12345) % 2 ** 31
                pixel.append((state >> 8) % (full + 1))
            row.append(tuple(pixel))
        rows.append(row)
    return rows


def exif(orientation, order):
    return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(
        order + "IHHHIIHHIHHI", 8, 2, 0x0110, 2, 4, 0x41424300, 0x0112, 3, 1, orientation, 0, 0)


def turned(pixels, orientation):
    """What EXIF says a viewer shows."""
    mirror = [row[::-1] for row in pixels]
    transpose = [list(column) for column in zip(*pixels)]
    return {1: pixels, 2: mirror, 3: mirror[::-1], 4: pixels[::-1], 5: transpose,
            6: [row[::-1] for row in transpose], 7: [row[::-1] for row in transpose][::-1],
            8: transpose[::-1]}[orientation]


def icc(space):
    return struct.pack(">I4sI4s4s4s12s4s4sIIIQIIII", 352, b"none", 0x02400000, b"mntr", space,
                       b"XYZ ", b"\x07\xe8\0\1\0\1\0\0\0\0\0\0", b"acsp", b"none", 0, 0, 0, 0, 0,
                       0xf6d6, 0x10000, 0xd32d) + bytes(48) + struct.pack(
                           ">I4sII", 1, b"desc", 144, 208) + bytes(
                           i * i * 167 >> 3 & 255 for i in range(208))


def make_png():
    for interlace, tag in ((0, ""), (1, "_interlaced")):
        for depth in (1, 2, 4, 8, 16):
            full = 2 ** depth - 1
            pixels = pattern(9, 11, 1, full)
            put_png(f"grey{depth}{tag}.png", png(pixels, 0, depth, interlace), pixels, full)
        for depth in (8, 16):
            full = 2 ** depth - 1
            for colour, name in ((2, "rgb"), (4, "grey_alpha"), (6, "rgba")):
                pixels = pattern(7, 6, SAMPLES[colour], full)
                alpha = colour > 2
                put_png(f"{name}{depth}{tag}.png", png(pixels, colour, depth, interlace), pixels,
                        full, alpha, ["alpha composited on white"] if alpha else [])
        for depth in (1, 2, 4, 8):
            n = min(2 ** depth, 9)
            colours = pattern(n, 1, 3, 255, 7)[0]
            plte = chunk("PLTE", bytes(v for c in colours for v in c))
            pixels = pattern(10, 5, 1, n - 1)
            shown = [[colours[p[0]] for p in row] for row in pixels]
            put_png(f"palette{depth}{tag}.png", png(pixels, 3, depth, interlace, [plte]), shown,
                    255, notices=["palette expanded"])
    # transparency without an alpha channel
    pixels = pattern(8, 4, 1, 15)
    key = pixels[1][2][0]
    put_png("grey4_trns.png", png(pixels, 0, 4, 0, [chunk("tRNS", struct.pack(">H", key))]),
            [[(p[0] * 17, 0 if p[0] == key else 255) for p in row] for row in pixels], 255, True)
    pixels = pattern(4, 4, 3, 65535)
    key = pixels[2][1]
    put_png("rgb16_trns.png", png(pixels, 2, 16, 0, [chunk("tRNS", struct.pack(">3H", *key))]),
            [[p + (0 if p == key else 65535,) for p in row] for row in pixels], 65535, True)
    colours = pattern(4, 1, 3, 255, 3)[0]
    plte = chunk("PLTE", bytes(v for c in colours for v in c))
    pixels = pattern(6, 6, 1, 3)
    put_png("palette2_trns.png", png(pixels, 3, 2, 0, [plte, chunk("tRNS", b"\x00\x80")]),
            [[colours[p[0]] + ((0, 128, 255, 255)[p[0]],) for p in row] for row in pixels], 255,
            True, ["alpha composited on white; palette expanded"])
    # EXIF, before or behind the pixels, in both byte orders
    pixels = pattern(5, 3, 1, 255)
    for o in range(1, 9):
        block = chunk("eXIf", exif(o, "<>"[o % 2]))
        put_png(f"exif{o}.png",
                png(pixels, 0, 8, 0, *(([block], []) if o < 5 else ([], [block]))),
                turned(pixels, o), 255, notices=[f"EXIF orientation {o} applied"] if o > 1 else [])
    put_png("exif_nonsense.png", png(pixels, 0, 8, 0, [chunk("eXIf", b"II*\0\xff\xff\xff\x7f")]),
            pixels, 255)
    put_png("exif_nine.png", png(pixels, 0, 8, 0, [chunk("eXIf", exif(9, ">"))]), pixels, 255)
    # colour that is carried
    rgb = pattern(4, 3, 3, 255)
    put_png("gamma.png", png(rgb, 2, 8, 0, [chunk("gAMA", struct.pack(">I", 45455))]), rgb, 255,
            notices=["gamma carried, not applied"])
    put_png("srgb.png", png(rgb, 2, 8, 0, [chunk("sRGB", b"\0")]), rgb, 255,
            notices=["gamma carried, not applied"])
    profile = b"p\0\0" + zlib.compress(icc(b"RGB "))  # libpng wants 92 bytes at least
    put_png("icc.png", png(rgb, 2, 8, 0, [chunk("iCCP", profile)]), rgb, 255,
            notices=["colour profile carried, not applied"])
    bomb = b"p\0\0" + zlib.compress(struct.pack(">I", 1 << 24) + bytes((1 << 24) - 4), 9)
    put_png("icc_bomb.png", png(rgb, 2, 8, 0, [chunk("iCCP", bomb)]), rgb, 255,
            notices=["libpng: iCCP"])
    put_png("text.png", png(rgb, 2, 8, 0, [chunk("tEXt", b"Title\0x"), chunk("abCd", b"?")]), rgb,
            255)
    put_png("trailing.png", png(rgb, 2, 8) + b"more", rgb, 255,
            notices=["4 bytes after the picture ignored"])
    EXPECTED["png"].append("trailing.png\tlax")
    put_png("one_pixel.png", png([[(200,)]], 0, 8), [[(200,)]], 255)
    parts = image_data(rgb, 2, 8, 0)
    put_png("many_idat.png", SIGNATURE + chunk("IHDR", struct.pack(">IIBBBBB", 4, 3, 8, 2, 0, 0, 0))
            + b"".join(chunk("IDAT", parts[i:i + 7]) for i in range(0, len(parts), 7))
            + chunk("IEND", b""), rgb, 255)

    def bad(name, data, text):
        put("png", f"bad_{name}.png", data, text)

    def head(width, height, depth=8, colour=2, method=0, filtering=0, interlace=0):
        return struct.pack(">IIBBBBB", width, height, depth, colour, method, filtering, interlace)
    good = png(rgb, 2, 8)
    idat = chunk("IDAT", image_data(rgb, 2, 8, 0))
    end = chunk("IEND", b"")
    bad("crc_ihdr", SIGNATURE + chunk("IHDR", head(4, 3), 1) + idat + end, "format IHDR: CRC")
    bad("crc_idat", good.replace(idat, idat[:-1] + bytes([idat[-1] ^ 1])), "format IDAT: CRC")
    bad("crc_text", png(rgb, 2, 8, 0, [chunk("tEXt", b"a\0b", 5)]), "format tEXt: CRC")
    bad("crc_iend", good[:-1] + b"\0", "format IEND: CRC")
    bad("order", SIGNATURE + idat + chunk("IHDR", head(4, 3)) + end, "format IHDR: must come first")
    bad("wide", png(rgb, 2, 8, header=head(65537, 1)), "limit 65537 x 1 pixels is larger than")
    bad("large", png(rgb, 2, 8, header=head(65535, 65535)), "limit 65535 x 65535 pixels")
    bad("huge", png(rgb, 2, 8, header=head(2 ** 31, 3)), "format IHDR: invalid size")
    bad("lies", png(rgb, 2, 8, header=head(16000, 16000)), "format claims 768000000 bytes")
    bad("empty", png(rgb, 2, 8, header=head(0, 3)), "format IHDR: invalid size")
    bad("depth", png(rgb, 2, 8, header=head(4, 3, 4)), "format IHDR")
    bad("colour", png(rgb, 2, 8, header=head(4, 3, 8, 5)), "format IHDR")
    bad("method", png(rgb, 2, 8, header=head(4, 3, 8, 2, 1)), "format IHDR")
    bad("interlace", png(rgb, 2, 8, header=head(4, 3, 8, 2, 0, 0, 2)), "format IHDR")
    bad("short_data", SIGNATURE + chunk("IHDR", head(4, 4)) + idat + end, "format ")
    bad("no_data", SIGNATURE + chunk("IHDR", head(4, 3)) + end, "format ")
    bad("zlib", SIGNATURE + chunk("IHDR", head(4, 3)) + chunk("IDAT", b"\x78\x9c\xff\xff") + end,
        "format ")
    bad("filter", SIGNATURE + chunk("IHDR", head(4, 3)) +
        chunk("IDAT", zlib.compress(b"\x09" + bytes(12) + bytes(26))) + end, "format bad adaptive")
    bad("no_palette", png(pixels, 3, 8), "format ")
    bad("index", png([[(0,), (3,)]], 3, 2, 0, [chunk("PLTE", bytes(6))]), "format palette index 3")
    bad("critical", png(rgb, 2, 8, 0, [chunk("ABCD", b"")]), "format ABCD: unhandled critical")
    bad("length", SIGNATURE + struct.pack(">I", 0xffffffff) + good[12:], "format IHDR")
    bad("signature", b"\x89PNG\n\x1a\n\n" + good[8:], "format not a file of a known format")


# ---------------------------------------------------------------- pnm

def samples_of(pixels, maxval):
    flat = [v for row in pixels for p in row for v in p]
    return struct.pack(f">{len(flat)}{'H' if maxval > 255 else 'B'}", *flat)


def put_pnm(name, data, pixels, full, alpha=False, notices=(), lax=False):
    put("pnm", name, data, *[matrix(n, rows) for n, rows in planes_of(pixels, full, alpha).items()],
        *[f"notice {n}" for n in notices], *(["lax"] if lax else []))


def pam(pixels, maxval, tuple_type="", data=None, **change):
    fields = {"WIDTH": len(pixels[0]), "HEIGHT": len(pixels), "DEPTH": len(pixels[0][0]),
              "MAXVAL": maxval, **({"TUPLTYPE": tuple_type} if tuple_type else {}), **change}
    return b"P7\n" + "".join(f"{k} {v}\n" for k, v in fields.items()).encode() + b"ENDHDR\n" + \
        (samples_of(pixels, maxval) if data is None else data)


def make_pnm():
    bits = pattern(11, 4, 1, 1)
    shown = [[(1 - p[0],) for p in row] for row in bits]
    put_pnm("plain_bits.pbm", b"P1\n# black is 1\n11 4\n" +
            b"\n".join(b" ".join(b"%d" % p for p in row) for row in bits), shown, 1)
    put_pnm("plain_bits_dense.pbm", b"P1 11 4\n" +
            b"".join(b"%d" % p for row in bits for p in row), shown, 1)
    put_pnm("bits.pbm", b"P4\n11 4\n" + b"".join(pack_row([p[0] for p in row] + [1] * 5, 1)
                                                for row in bits), shown, 1)
    for samples, name in ((1, "pgm"), (3, "ppm")):
        kind = 2 if samples == 1 else 3
        for maxval in (9, 1, 255, 1000):
            pixels = pattern(5, 4, samples, maxval)
            pixels[-1][-1] = pixels[-1][-1][:-1] + (7 % (maxval + 1),)  # no prefix is a number too
            put_pnm(f"plain{maxval}.{name}", b"P%d\r\n5\t4 %d\n" % (kind, maxval) +
                    b" \n".join(b"%d" % v for row in pixels for p in row for v in p), pixels, maxval,
                    notices=[f"maxval {maxval}"] if maxval in (9, 1000) else [])
        for maxval in [2 ** d - 1 for d in range(1, 17)] + [100, 256, 60000]:
            pixels = pattern(6, 5, samples, maxval)
            put_pnm(f"raw{maxval}.{name}", b"P%d 6 5\n%d\n" % (kind + 3, maxval) +
                    samples_of(pixels, maxval), pixels, maxval,
                    notices=[f"maxval {maxval}"] if maxval & maxval + 1 else [])
    for tuple_type, samples in (("GRAYSCALE", 1), ("GRAYSCALE_ALPHA", 2), ("RGB", 3),
                                ("RGB_ALPHA", 4)):
        alpha = samples % 2 == 0
        note = ["alpha composited on white"] if alpha else []
        for maxval in (3, 255, 4095, 65535):
            pixels = pattern(4, 5, samples, maxval)
            put_pnm(f"{tuple_type.lower()}{maxval}.pam", pam(pixels, maxval, tuple_type), pixels,
                    maxval, alpha, note)
        pixels = pattern(3, 2, samples, 255)
        put_pnm(f"untold{samples}.pam", pam(pixels, 255), pixels, 255, alpha,
                [f"no TUPLTYPE, taken for {tuple_type}"])
    bits = pattern(5, 3, 1, 1)
    put_pnm("bits.pam", pam(bits, 1, "BLACKANDWHITE"), bits, 1)
    bits = pattern(5, 3, 2, 1)
    put_pnm("bits_alpha.pam", pam(bits, 1, "BLACKANDWHITE_ALPHA"), bits, 1, True)
    pixels = pattern(4, 3, 5, 200)
    for name, tuple_type, said in (("five", "", "5 channels, no picture"),
                                   ("bands", "INFRARED", "5 channels of type INFRARED, no picture")):
        put("pnm", f"{name}.pam", pam(pixels, 200, tuple_type),
            *[matrix(f"channel{c + 1}", [[p[c] / 200 for p in row] for row in pixels])
              for c in range(5)], f"notice {said}")
    wide = pattern(3, 2, 2, 1000)
    put("pnm", "two_words.pam", pam(wide, 1000, "FROM\nTUPLTYPE HERE"),
        *[matrix(f"channel{c + 1}", [[p[c] / 1000 for p in row] for row in wide])
          for c in range(2)], "notice 2 channels of type FROM HERE, no picture")
    grey = pattern(3, 2, 1, 255)
    raw = b"P5 3 2 255\n" + samples_of(grey, 255)
    put_pnm("comments.pgm", b"P5# one\n#two\n3# three\n 2 #four\r255\n" + samples_of(grey, 255),
            grey, 255)
    put_pnm("several.pgm", raw + raw, grey, 255, notices=["the first of several pictures"],
            lax=True)
    put_pnm("end_of_line.pgm", b"P2\n3 2\n255\n" + b" ".join(
        b"%d" % p for row in grey for p in row) + b"\n# that is all\n", grey, 255, lax=True)

    def bad(name, data, text):
        put("pnm", f"bad_{name}", data, text)
    bad("short.pgm", raw[:-1], "format the picture wants 6 bytes, the file has 5")
    bad("claims.pgm", b"P5 512 512 255\nabcd", "format wants 262144 bytes, the file has 4")
    bad("claims.pbm", b"P1 999 999\n0101", "format wants 998001 bytes or more, the file has 4")
    bad("claims.ppm", b"P3 9 9 255\n1 2 3", "format wants 485 bytes or more, the file has 5")
    bad("long.pgm", raw + b"xyz", "format 3 bytes follow the picture")
    bad("follows.pgm", b"P2 1 1 9\n5 6", "format something follows the picture")
    bad("large.pgm", b"P5 65537 1 255\n" + b"x" * 40, "limit a picture of 65537 x 1 pixels")
    bad("huge.pgm", b"P5 60000 60000 255\nx", "limit a picture of 60000 x 60000 pixels")
    bad("wraps.pgm", b"P5 4294967296 4294967296 255\nx", "limit a picture of 4294967296 x")
    bad("digits.pgm", b"P5 1000000000000000000000 1 255\nx", "format a number is too long")
    bad("empty.pgm", b"P5 0 5 255\n", "format a picture of 0 x 5 pixels")
    bad("maxval0.pgm", b"P5 1 1 0\n\0", "format maxval 0: must be 1 to 65535")
    bad("maxval.pgm", b"P5 1 1 65536\n\0\0", "format maxval 65536: must be 1 to 65535")
    bad("sample.pgm", b"P5 2 1 100\n\x64\x65", "format offset 12: a sample of 101, maxval is 100")
    bad("sample16.pgm", b"P5 2 1 300\n\x01\x2c\x01\x2d",
        "format offset 13: a sample of 301, maxval is 300")
    bad("sample_plain.pgm", b"P2 2 1 100\n7 101", "format offset 13: a sample of 101")
    bad("sample.pbm", b"P1 2 1\n0 2", "format a sample of 2, maxval is 1")
    bad("sign.pgm", b"P5 -1 1 255\nx", "format offset 3: a number expected")
    bad("word.pgm", b"P2 1 1 255\nx", "format a number expected")
    bad("behind.pgm", b"P5 1 1 255x", "format white space expected behind the header")
    bad("comment.pgm", b"P5 1 #" + b"x" * 5000, "format the file ends too early")
    one = [[(1,)]]
    bad("twice.pam", pam(one, 255, data=b"x", WIDTH="1\nWIDTH 1"), "format WIDTH stands there twice")
    bad("missing.pam", b"P7\nWIDTH 1\nHEIGHT 1\nMAXVAL 255\nENDHDR\nx", "format is missing")
    bad("word.pam", pam(one, 255, WIDTH="one"), "format WIDTH: a number expected")
    bad("line.pam", pam(one, 255, COLOUR="red"), "format unknown header line 'COLOUR red'")
    bad("control.pam", pam(one, 255, **{"\x1b[31m": 1}), "format unknown header line '\\x1b[31m 1'")
    bad("channels.pam", pam(one, 255, "RGB"), "format RGB has 3 channels, not 1")
    bad("none.pam", pam(one, 255, DEPTH=0), "format DEPTH 0: no channels")
    bad("many.pam", pam(one, 255, DEPTH=2 ** 21), "limit 2097152 channels, at most 1048576")
    bad("white.pam", pam(one, 255, "BLACKANDWHITE"), "format BLACKANDWHITE wants maxval 1")
    bad("long_line.pam", pam(one, 255, "X" * 200), "format a header line is too long")
    bad("long_type.pam", pam(one, 255, "X" * 80), "format TUPLTYPE is too long")
    bad("header.pam", b"P7\n" + b"# comment\n" * 7000 + pam(one, 255)[3:], "limit a header of more")
    most = max(v for row in pixels for p in row for v in p)
    bad("sample.pam", pam(pixels, most - 1), f"format a sample of {most}, maxval is {most - 1}")


# ---------------------------------------------------------------- jpeg

def segment(marker, data):
    return struct.pack(">BBH", 0xff, marker, len(data) + 2) + data


def huffman(kind, lengths):
    """lengths: symbol -> length of its code, shortest first; the table and its codes."""
    counts, codes, code, last = [0] * 16, {}, 0, 0
    for symbol, n in sorted(lengths.items(), key=lambda item: item[1]):
        code <<= n - last
        codes[symbol] = (code, n)
        code, last = code + 1, n
        counts[n - 1] += 1
    return segment(0xc4, bytes([kind, *counts, *sorted(lengths, key=lambda s: (lengths[s], s))])), codes


class Bits:
    def __init__(self):
        self.value, self.n = 0, 0

    def put(self, code, n):
        self.value, self.n = self.value << n | code, self.n + n

    def done(self):
        """Filled up with ones, and a zero behind each 0xff (T.81, B.1.1.5)."""
        pad = -self.n % 8
        whole = (self.value << pad | (1 << pad) - 1).to_bytes((self.n + pad) // 8, "big")
        return whole.replace(b"\xff", b"\xff\0")


DC_TABLE, DC_CODES = huffman(0x00, {s: 4 for s in range(12)})
AC_TABLE, AC_CODES = huffman(0x10, {0: 1})


def jpeg(planes, factors=None, progressive=False, restart=0, before=b"", frame=None, tables=None,
         width=None, height=None):
    """Blocks of one value each: a coefficient of 8 (value - 128) alone, in steps of 8, so that no
    rounding of a transform comes in. planes[c][y][x] are the values of its blocks."""
    factors = factors or [(1, 1)] * len(planes)
    wide, high = max(h for h, _ in factors), max(v for _, v in factors)
    across, down = len(planes[0][0]) // factors[0][0], len(planes[0]) // factors[0][1]
    width, height = width or 8 * wide * across, height or 8 * high * down
    scan, bits, last = b"", Bits(), [0] * len(planes)
    for unit in range(across * down):
        if restart and unit and unit % restart == 0:
            scan += bits.done() + bytes([0xff, 0xd0 + (unit // restart - 1) % 8])
            bits, last = Bits(), [0] * len(planes)
        for c, (h, v) in enumerate(factors):
            for y in range(v):
                for x in range(h):
                    value = planes[c][unit // across * v + y][unit % across * h + x] - 128
                    step, last[c] = value - last[c], value
                    n = abs(step).bit_length()
                    bits.put(*DC_CODES[n])
                    bits.put(step if step >= 0 else step + (1 << n) - 1, n)
                    if not progressive:
                        bits.put(*AC_CODES[0])
    scan += bits.done()
    n = len(planes)
    frame = frame or segment(0xc2 if progressive else 0xc0, struct.pack(">BHHB", 8, height, width, n) +
                             b"".join(bytes([c + 1, h << 4 | v, 0])
                                      for c, (h, v) in enumerate(factors)))
    return b"\xff\xd8" + before + segment(0xdb, b"\0" + b"\x08" * 64) + frame + \
        (DC_TABLE + AC_TABLE if tables is None else tables) + \
        (segment(0xdd, struct.pack(">H", restart)) if restart else b"") + \
        segment(0xda, bytes([n]) + b"".join(bytes([c + 1, 0]) for c in range(n)) +
                bytes([0, 0 if progressive else 63, 0])) + scan + b"\xff\xd9"


def of_blocks(plane, width=None, height=None, size=8):
    rows = [[v for v in row for _ in range(size)] for row in plane for _ in range(size)]
    return [row[:width] for row in rows[:height]]


def colours(planes):
    """JFIF 1.02, of planes of pixels."""
    def whole(v):
        return min(255, max(0, int(v + .5)))
    return [[(whole(y + 1.402 * (cr - 128)),
              whole(y - (.114 * 1.772 * (cb - 128) + .299 * 1.402 * (cr - 128)) / .587),
              whole(y + 1.772 * (cb - 128))) for y, cb, cr in zip(*rows)] for rows in zip(*planes)]


def blocks(across, down, seed, low=60, high=190):
    return [[low + p[0] for p in row] for row in pattern(across, down, 1, high - low, seed)]


def make_jpeg():
    def good(name, data, pixels, *notices):
        put("jpeg", name, data, *[matrix(n, rows) for n, rows in planes_of(pixels, 255).items()],
            *[f"notice {n}" for n in notices])
    plane = blocks(3, 2, 5, 0, 255)
    grey = [[(v,) for v in row] for row in of_blocks(plane)]
    good("grey.jpg", jpeg([plane]), grey)
    good("grey_progressive.jpg", jpeg([plane], progressive=True), grey)
    good("grey_restart.jpg", jpeg([plane], restart=2), grey)
    good("grey_odd.jpg", jpeg([plane], width=19, height=11), [row[:19] for row in grey[:11]])
    good("grey_2x2.jpg", jpeg([blocks(4, 4, 5)], [(1, 1)]),
         [[(v,) for v in row] for row in of_blocks(blocks(4, 4, 5))])
    three = [blocks(3, 3, seed, 90, 160) for seed in (1, 2, 3)]
    colour = colours([of_blocks(p) for p in three])
    good("colour.jpg", jpeg(three), colour)
    good("colour_progressive.jpg", jpeg(three, progressive=True), colour)
    flat = [blocks(4, 4, 9, 100, 150), [[140, 140], [140, 140]], [[110, 110], [110, 110]]]
    good("colour_420.jpg", jpeg(flat, [(2, 2), (1, 1), (1, 1)]),
         colours([of_blocks(flat[0]), of_blocks(flat[1], size=16), of_blocks(flat[2], size=16)]))
    for o in range(1, 9):
        block = segment(0xe1, b"Exif\0\0" + exif(o, "<>"[o % 2]))
        good(f"exif{o}.jpg", jpeg([plane], before=block, width=19), turned([r[:19] for r in grey], o),
             *([f"EXIF orientation {o} applied"] if o > 1 else []))
    good("exif_nonsense.jpg", jpeg([plane], before=segment(0xe1, b"Exif\0\0II*\0\xff\xff\xff\x7f")),
         grey)
    profile = icc(b"GRAY")
    pieces = [segment(0xe2, b"ICC_PROFILE\0" + bytes([i + 1, 2]) + part)
              for i, part in enumerate((profile[:100], profile[100:]))]
    good("icc.jpg", jpeg([plane], before=pieces[0] + pieces[1]), grey,
         "colour profile carried, not applied")
    good("icc_turned_round.jpg", jpeg([plane], before=pieces[1] + pieces[0]), grey,
         "colour profile carried, not applied")
    good("icc_half.jpg", jpeg([plane], before=pieces[0]), grey)
    inks = jpeg([blocks(2, 2, s) for s in (1, 2, 3, 4)], before=segment(0xee, b"Adobe\0\x64\0\0\0\0\0"))
    put("jpeg", "four_inks.jpg", inks, "notice four inks turned into RGB without a profile")
    whole = jpeg([plane])
    put("jpeg", "trailing.jpg", whole + b"more", "lax",
        "notice 4 bytes after the picture ignored")

    def bad(name, data, text):
        put("jpeg", f"bad_{name}.jpg", data, text)

    def frame(*, marker=0xc0, bits=8, height=16, width=24, n=1, parts=b"\1\x11\0"):
        return segment(marker, struct.pack(">BHHB", bits, height, width, n) + parts)
    bad("end", whole[:-2], "format the file ends too early")
    bad("cut", whole[:-9] + b"\xff\xd8\xff\xd9", "format an invalid marker")
    bad("marker", whole[:2] + b"\xff\xe0\0\2" + b"\0" + whole[2:], "format offset 6: a marker expected")
    bad("length", whole[:2] + b"\xff\xe0\0\1" + whole[2:], "format a segment shorter than its length")
    bad("long", whole[:2] + b"\xff\xe0\xff\xff" + whole[2:], "format the file ends too early")
    bad("bits", jpeg([plane], frame=frame(bits=12)), "format other than 8 bits")
    bad("two", jpeg([plane], frame=frame(n=2, parts=b"\1\x11\0\2\x11\0")), "format components must be 1, 3")
    bad("parts", jpeg([plane], frame=frame(n=3)), "format a frame header of the wrong length")
    bad("factor", jpeg([plane], frame=frame(parts=b"\1\x51\0")), "format a sampling factor")
    bad("lines", jpeg([plane], frame=frame(height=0)), "format a picture of 24 x 0 pixels")
    bad("arithmetic", jpeg([plane], frame=frame(marker=0xc9)), "format arithmetic JPEGs are not read")
    bad("lossless", jpeg([plane], frame=frame(marker=0xc3)), "format lossless")
    bad("twice", jpeg([plane], frame=frame() * 2), "format a second frame")
    bad("claims", jpeg([plane], frame=frame(width=8000, height=8000)), "format claims 8000 x 8000 pixels")
    bad("large", jpeg([plane], frame=frame(width=65000, height=65000)), "limit a picture of 65000 x 65000")
    bad("no_frame", jpeg([plane], frame=segment(0xfe, b"none")), "format a scan before the frame")
    bad("nothing", b"\xff\xd8" + frame() + b"\xff\xd9", "format holds no picture")
    bad("no_tables", jpeg([plane], tables=b""), "format a scan before its tables")
    # a table of 765 codes: stb_image writes past its end, here over what the decoder looks up
    values = bytearray(765)
    values[516 + 40:516 + 44], values[588 + 40:588 + 44] = b"\xff" * 4, b"\0\0\0\x70"
    table = segment(0xc4, b"\0" + bytes(13) + b"\xff" * 3 + values)
    bad("crash", jpeg([plane], tables=table + AC_TABLE), "format the decoder crashed")


# ---------------------------------------------------------------- bmp

def bmp(rows, bits, palette=b"", header=40, compression=0, masks=b"", top_down=False, offset=None,
        width=None, height=None, planes=1, alpha=0):
    """rows: bytes of each, top first."""
    high = height or len(rows)
    body = b"".join(row + bytes(-len(row) % 4) for row in (rows if top_down else rows[::-1]))
    if header == 12:
        head = struct.pack("<IHHHH", 12, width, high, planes, bits)
    else:
        head = struct.pack("<IiiHHIIIIII", header, width, -high if top_down else high, planes, bits,
                           compression, len(body), 2835, 2835, 0, 0)
        head += (masks + struct.pack("<I", alpha) if header > 40 else b"").ljust(header - 40, b"\0")
        head += masks if header == 40 else b""
    start = 14 + len(head) + len(palette)
    return struct.pack("<2sIII", b"BM", start + len(body), 0, offset or start) + head + palette + body


def make_bmp():
    def good(name, data, pixels, alpha=False, *notices):
        put("bmp", name, data, *[matrix(n, rows) for n, rows in planes_of(pixels, 255, alpha).items()],
            *[f"notice {n}" for n in notices])

    def bgr(row, more=b""):
        return b"".join(bytes(p[2::-1]) + more for p in row)
    for width in (4, 5, 6, 7):
        pixels = pattern(width, 3, 3, 255, width)
        good(f"rgb24_{width}.bmp", bmp([bgr(r) for r in pixels], 24, width=width), pixels)
    good("rgb24_down.bmp", bmp([bgr(r) for r in pixels], 24, width=7, top_down=True), pixels)
    good("rgb24_core.bmp", bmp([bgr(r) for r in pixels], 24, width=7, header=12), pixels)
    for header in (56, 108, 124):
        good(f"rgb24_{header}.bmp", bmp([bgr(r) for r in pixels], 24, width=7, header=header), pixels)
    good("rgb32.bmp", bmp([bgr(r, b"\x80") for r in pixels], 32, width=7), pixels)
    good("rgb32_zero.bmp", bmp([bgr(r, b"\0") for r in pixels], 32, width=7), pixels)
    masks = struct.pack("<3I", 0xff0000, 0xff00, 0xff)
    good("fields32.bmp", bmp([bgr(r, b"\0") for r in pixels], 32, width=7, compression=3, masks=masks),
         pixels)
    four = pattern(5, 4, 4, 255)
    good("rgba32.bmp", bmp([b"".join(bytes([p[2], p[1], p[0], p[3]]) for p in r) for r in four], 32,
                           width=5, header=124, compression=3, masks=masks, alpha=0xff000000),
         four, True, "alpha composited on white")
    five = pattern(6, 3, 3, 31)
    shown = [[tuple(v << 3 | v >> 2 for v in p) for p in row] for row in five]
    good("rgb16.bmp", bmp([struct.pack("<6H", *(r << 10 | g << 5 | b for r, g, b in row))
                           for row in five], 16, width=6), shown)
    for bits in (1, 4, 8):
        n = min(2 ** bits, 11)
        colours = pattern(n, 1, 3, 255, 4)[0]
        palette = b"".join(bytes(c[::-1]) + b"\0" for c in colours)
        index = pattern(9, 4, 1, n - 1)
        rows = [pack_row([p[0] for p in row] + [0] * (-9 % (8 // bits)), bits) for row in index]
        good(f"palette{bits}.bmp", bmp(rows, bits, palette, width=9),
             [[colours[p[0]] for p in row] for row in index], False, "palette expanded")
    whole = bmp([bgr(r) for r in pixels], 24, width=7)
    put("bmp", "trailing.bmp", whole + b"more", "lax", "notice 4 bytes after the picture ignored")

    def bad(name, text, data=None, **k):
        arguments = {"rows": [bgr(r) for r in pixels], "bits": 24, "width": 7, **k}
        put("bmp", f"bad_{name}.bmp", bmp(**arguments) if data is None else data, text)
    bad("short", "format the picture wants 72 bytes, the file has 71", whole[:-1])
    bad("height", "format the picture wants 2400 bytes, the file has 72", height=100)
    bad("large", "limit a picture of 70000 x 3 pixels", width=70000)
    bad("negative", "limit a picture of 4294967295 x 3 pixels", width=-1)
    bad("lowest", "limit a picture of 7 x 2147483648", whole[:22] + b"\0\0\0\x80" + whole[26:])
    bad("none", "format a picture of 7 x 0 pixels", whole[:22] + bytes(4) + whole[26:])
    bad("header", "format a header of a size", whole[:14] + b"\x40" + whole[15:])
    bad("planes", "format the number of planes", planes=2)
    bad("bits", "format bits of a pixel must be", bits=2)
    bad("runs", "format run-length coded BMPs", compression=1)
    bad("wraps", "format wrap another format", compression=4)
    bad("fields", "format bit fields of a kind", compression=3)
    bad("core", "format three bytes a colour", bits=8, header=12)
    bad("offset", "format the pixels begin at 50, the header ends at 54", offset=50)
    bad("palette", "format a palette of 0 colours", bits=8)
    bad("colours", "format a palette of 300 colours", bits=8, palette=bytes(1200))
    bad("index", "format palette index 11, there are 11 colours",
        bmp([bytes([11] + [0] * 8)], 8, bytes(44), width=9))
    bad("masks", "format the decoder refuses it: bad masks",
        bmp([bytes(28)], 32, width=7, compression=3, masks=struct.pack("<3I", 0xffff0000, 0xff00, 0xff)))


# ---------------------------------------------------------------- tga

def tga(kind, bits, body, width, height, flags=0x20, ident=b"", palette=b"", colours=0,
        palette_bits=0, first=0):
    return struct.pack("<BBBHHBHHHHBB", len(ident), 1 if palette else 0, kind, first, colours,
                       palette_bits, 0, 0, width, height, bits, flags) + ident + palette + body


def runs(cells):
    """Run-length coded cells (bytes of a pixel each): packets cross the ends of rows."""
    out, i = b"", 0
    while i < len(cells):
        n = 1
        while i + n < len(cells) and n < 128 and cells[i + n] == cells[i]:
            n += 1
        if n > 1:
            out += bytes([127 + n]) + cells[i]
        else:
            while i + n < len(cells) and n < 128 and cells[i + n] != cells[i + n - 1]:
                n += 1
            out += bytes([n - 1]) + b"".join(cells[i:i + n])
        i += n
    return out


def make_tga():
    def good(name, data, pixels, alpha=False, *notices):
        put("tga", name, data, *[matrix(n, rows) for n, rows in planes_of(pixels, 255, alpha).items()],
            *[f"notice {n}" for n in notices])

    def cells(pixels, order):
        return [bytes(p[i] for i in order) for row in pixels for p in row]
    for samples, order, kind, bits in ((1, (0,), 3, 8), (2, (0, 1), 3, 16), (3, (2, 1, 0), 2, 24),
                                       (4, (2, 1, 0, 3), 2, 32)):
        alpha = samples % 2 == 0
        note = ["alpha composited on white"] if alpha else []
        pixels = pattern(6, 5, samples, 255, 3)
        pixels[1][2:5] = [pixels[1][2]] * 3
        pixels[3] = [pixels[2][5]] * 6
        body, flags = cells(pixels, order), 0x28 if alpha else 0x20
        good(f"plain{bits}.tga", tga(kind, bits, b"".join(body), 6, 5, flags), pixels, alpha, *note)
        good(f"runs{bits}.tga", tga(kind + 8, bits, runs(body), 6, 5, flags), pixels, alpha, *note)
        good(f"up{bits}.tga", tga(kind, bits, b"".join(body), 6, 5, flags & 15), pixels[::-1], alpha)
        good(f"left{bits}.tga", tga(kind + 8, bits, runs(body), 6, 5, flags | 16),
             [row[::-1] for row in pixels], alpha)
        good(f"ident{bits}.tga", tga(kind, bits, b"".join(body), 6, 5, flags, b"by hand"), pixels, alpha)
        if alpha:
            good(f"unused{bits}.tga", tga(kind, bits, b"".join(body), 6, 5),
                 [[p[:-1] for p in row] for row in pixels])
    five = pattern(4, 4, 3, 31)
    good("plain16_colour.tga", tga(2, 16, b"".join(
        struct.pack("<H", r << 10 | g << 5 | b) for row in five for r, g, b in row), 4, 4),
        [[tuple(v * 255 // 31 for v in p) for p in row] for row in five])
    colours = pattern(9, 1, 3, 255, 4)[0]
    index = pattern(6, 4, 1, 8)
    shown = [[colours[p[0]] for p in row] for row in index]
    table = {"palette": b"".join(bytes(c[::-1]) for c in colours), "colours": 9, "palette_bits": 24}
    good("palette.tga", tga(1, 8, bytes(p[0] for row in index for p in row), 6, 4, **table), shown,
         False, "palette expanded")
    good("palette_runs.tga", tga(9, 8, runs(cells(index, (0,))), 6, 4, **table), shown)
    good("palette16.tga", tga(1, 16, b"".join(struct.pack("<H", p[0]) for row in index for p in row),
                              6, 4, **table), shown)
    whole = tga(3, 8, bytes(range(12)), 4, 3)
    put("tga", "footer.tga", whole + struct.pack("<II18s", 0, 0, b"TRUEVISION-XFILE.\0"), "lax",
        "notice 26 bytes after the picture ignored")

    def bad(name, text, data):
        put("tga", f"bad_{name}.tga", data, text)
    bad("short", "format the file ends before its pixels do", whole[:-1])
    bad("run", "format a run of 128 pixels, there are 12 left", tga(11, 8, b"\xff\0", 4, 3))
    bad("packet", "format the file ends before its pixels do", tga(11, 8, b"\x0b" + bytes(11), 4, 3))
    bad("index", "format palette index 9, there are 9 colours", tga(1, 8, b"\0\x09", 2, 1, **table))
    bad("first", "format do not begin with colour 0", tga(1, 8, b"\2\3", 2, 1, **table, first=2))
    bad("large", "limit a picture of 65535 x 65535", tga(3, 8, b"", 65535, 65535))
    bad("claims", "format the file ends before its pixels do", tga(2, 24, b"abc", 4000, 4000))


# ---------------------------------------------------------------- safetensors

def container(header, data, length=None):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def tensor(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def make_safetensors():
    rows = [[1.5, -2, 3], [0, 8, -0.25]]
    flat = [v for r in rows for v in r]
    f4 = struct.pack("<6f", *flat)
    good = {"w": tensor("F32", [2, 3], 0, 24)}
    put("safetensors", "f32.safetensors", container(good, f4), matrix("w", rows))
    put("safetensors", "f64.safetensors",
        container({"w": tensor("F64", [2, 3], 0, 48)}, struct.pack("<6d", *flat)),
        matrix("w", rows))
    put("safetensors", "f16.safetensors",
        container({"w": tensor("F16", [2, 3], 0, 12)}, struct.pack("<6e", *flat)),
        matrix("w", rows))
    bf16 = b"".join(struct.pack("<f", v)[2:] for v in flat)
    put("safetensors", "bf16.safetensors", container({"w": tensor("BF16", [2, 3], 0, 12)}, bf16),
        matrix("w", rows))
    put("safetensors", "several.safetensors",
        container({"__metadata__": {"format": "pt"}, "b": tensor("F32", [6], 24, 48),
                   "i": tensor("I8", [1, 2], 48, 50), "w": tensor("F32", [2, 3], 0, 24),
                   "conv": tensor("F32", [1, 2, 3], 50, 74)}, f4 + f4 + b"\xff\x05" + f4),
        matrix("w", rows), matrix("i", [[-1, 5]]), "fact format pt",
        "notice 2 of 4 tensors are not matrices and left out")
    put("safetensors", "blanks.safetensors",
        container(b" \n" + json.dumps(good).encode() + b"   ", f4), matrix("w", rows))
    put("safetensors", "empty.safetensors",
        container({"w": tensor("F32", [0, 3], 0, 0), "v": tensor("F32", [2, 3], 0, 24)}, f4),
        "ok w 0 3 0.0", matrix("v", rows))
    put("safetensors", "many.safetensors",
        container({f"t{i:02}": tensor("F32", [1, 1], 4 * i, 4 * i + 4) for i in range(20)},
                  struct.pack("<20f", *range(20))),
        *[matrix(f"t{i:02}", [[float(i)]]) for i in range(20)])
    put("safetensors", "nothing.safetensors", container(b"{}", b""))
    EXPECTED["safetensors"].append("nothing.safetensors\tlax")

    def bad(name, data, text):
        put("safetensors", f"bad_{name}.safetensors", data, text)
    raw = json.dumps(good).encode()
    bad("long", container(raw, f4, len(raw) + 100), "format the header claims")
    bad("longer", container(raw, f4, 2 ** 32 - 1), "format the header claims")
    bad("duplicate", container(b'{"w":%s,"w":%s}' % ((json.dumps(good["w"]).encode(),) * 2), f4),
        "format header: the key 'w' stands there twice")
    bad("json", container(raw[:-1], f4), "format header:")
    bad("utf8", container(raw.replace(b'"w"', b'"\xff"'), f4), "format header:")
    bad("nul", container(raw.replace(b'"w"', b'"\\u0000"'), f4), "format header:")
    bad("control", container(raw.replace(b'"w"', b'"a\\u001b[1m"'), f4),
        "format a\\x1b[1m: a control character")
    bad("unnamed", container(raw.replace(b'"w"', b'""'), f4), "format a tensor without a name")
    bad("named", container({"n" * 1025: good["w"]}, f4), "limit a name of 1025 bytes")
    bad("deep", container(b'{"w":' + b"[" * 5000, b""), "format header: nested deeper than 64")
    bad("array", container(b" [1]", b""), "format the header is not a JSON object")
    bad("metadata", container({"__metadata__": {"a": 1}, **good}, f4), "format is not a string")
    bad("metadata2", container({"__metadata__": [], **good}, f4), "format is not an object")
    bad("extra", container({"w": {**good["w"], "x": 1}}, f4), "format is not an object of")
    bad("missing", container({"w": {"dtype": "F32", "shape": [2, 3]}}, f4), "format is not an object")
    bad("entry", container({"w": 3}, f4), "format is not an object of")
    for name, text, new in (
            ("dtype", "format unknown dtype 'F33'", {"dtype": "F33"}),
            ("dtype2", "format 'dtype' is not a string", {"dtype": 3}),
            ("shape", "format 'shape' is not an array", {"shape": 6}),
            ("real", "format a dimension is not a whole number", {"shape": [2.0, 3]}),
            ("negative", "format a dimension is not a whole number", {"shape": [-2, -3]}),
            ("flag", "format a dimension is not a whole number", {"shape": [True, 6]}),
            ("wrap", "format beyond 64 bits", {"shape": [2 ** 40, 2 ** 40]}),
            ("wrap_zero", "format beyond 64 bits", {"shape": [2 ** 40, 2 ** 40, 0]}),
            ("integer", "format header: a number beyond 64 bits", {"shape": [2 ** 64, 3]}),
            ("ranks", "limit more than 8 dimensions", {"shape": [1] * 9}),
            ("size", "format the shape wants 32 bytes, the offsets span 24", {"shape": [2, 4]}),
            ("bits", "format the shape wants", {"dtype": "F4", "shape": [7, 7]}),
            ("back", "format ascending", {"data_offsets": [24, 0]}),
            ("hole", "format begins at 4 of the data", {"data_offsets": [4, 28]}),
            ("three", "format is not a pair", {"data_offsets": [0, 24, 24]}),
            ("exponent", "format is not a pair", {"data_offsets": [0, 2.4e1]})):
        bad(name, container({"w": {**good["w"], **new}}, f4 + f4), text)
    bad("end", container(good, f4[:-4]), "format wants 24 bytes, the file has 20")
    bad("trailing", container(good, f4 + b"abc"), "format 3 bytes follow the last tensor")
    bad("overlap", container({"w": good["w"], "v": tensor("F32", [2, 3], 12, 36)}, f4 + f4),
        "format begins at 12 of the data")
    bad("twice", container({"w": good["w"], "v": good["w"]}, f4), "format begins at 0 of the data")
    bad("header", container(b"{" + b" " * 20, f4, 2 ** 24 + 1), "format the header claims")
    put("safetensors", "escapes.safetensors",
        container(raw.replace(b'"w"', b'"\\u00e9\\ud83d\\ude00\\/"'), f4), matrix("\u00e9\U0001f600/", rows))
    for name, text, new in (
            ("comma", "a key expected", raw[:-1] + b",}"), ("no_comma", "',' or '}' expected", raw[:-1] + b'"v":1}'),
            ("item", "a value expected", raw.replace(b"3]", b"3,]")), ("colon", "':' expected", raw.replace(b":", b"", 1)),
            ("surrogate", "half of a surrogate pair", raw.replace(b'"w"', b'"\\ud83d"')),
            ("surrogates", "half of a surrogate pair", raw.replace(b'"w"', b'"\\ud83dx"')),
            ("escape", "an unknown escape", raw.replace(b'"w"', b'"\\x41"')),
            ("hex", "four hexadecimal digits", raw.replace(b'"w"', b'"\\u00g1"')),
            ("string", "a string without an end", b'{"w'), ("newline", "a control character", raw.replace(b'"w"', b'"\n"')),
            ("overlong", "invalid UTF-8", raw.replace(b'"w"', b'"\xc0\xaf"')),
            ("half_rune", "invalid UTF-8", raw.replace(b'"w"', b'"\xed\xa0\x80"')),
            ("zero", "',' or ']' expected", raw.replace(b"[2, 3]", b"[02, 3]")),
            ("single", "a key expected", raw.replace(b'"w"', b"'w'")),
            ("comment", "a key expected", b"{/**/" + raw[1:]), ("two", "something follows", raw + b"{}"),
            ("word", "a value expected", raw[:-1] + b', "__metadata__": {"a": nil}}'),
            ("cut", "ends too early", raw[:-1])):
        bad(name, container(new, f4), "format header: " + text)
    bad("metadata3", container(b'{"__metadata__":{"a":"1","a":"1"},' + raw[1:], f4),
        "format header: the key 'a' stands there twice")
    bad("key_long", container(b'{"__metadata__":{"%s":"1"},' % (b"k" * 1025) + raw[1:], f4),
        "limit '__metadata__': a key of 1025 bytes is longer than 1024")
    bad("metadata4", container(b'{"__metadata__":{},"__metadata__":{},' + raw[1:], f4), "format stands there twice")


# ---------------------------------------------------------------- index

def make_index():
    rows, more = [[1.5, -2, 3], [0, 8, -0.25]], [[4, -5]]
    f4 = struct.pack("<6f", *sum(rows, []))
    put("index", "s1.safetensors",
        container({"__metadata__": {"format": "pt"}, "a": tensor("F32", [2, 3], 0, 24),
                   "c": tensor("F32", [6], 24, 48)}, f4 + f4), matrix("a", rows))
    put("index", "s2.safetensors", container({"b": tensor("F16", [1, 2], 0, 4)}, struct.pack("<2e", *more[0])),
        matrix("b", more))
    put("index", "bad_cut.safetensors", container({"b": tensor("F16", [1, 2], 0, 4)}, b"\0\0\0"),
        "format wants 4 bytes, the file has 3")
    good = {"a": "s1.safetensors", "b": "s2.safetensors", "c": "s1.safetensors"}

    def index(name, weights, *lines, **more):
        text = weights if isinstance(weights, bytes) else json.dumps({"weight_map": weights, **more}).encode()
        put("index", f"{name}.json", text, *lines)
    whole = (matrix("a", rows), matrix("b", more))
    index("two", good, *whole, "fact format pt", "notice 2 files read as one",
          "notice 1 of 3 tensors are not matrices and left out", metadata={"total_size": 52, "other": [1, {}]})
    index("size", good, *whole, "notice the index claims 53 bytes, there are 52", metadata={"total_size": 53})
    index("sizes", good, *whole, metadata={"total_size": 52.0, "total": None})
    index("unmapped", {"a": "s1.safetensors", "b": "s2.safetensors"}, *whole, "notice 1 tensors are not in the index")
    index("one", {"b": "s2.safetensors"}, matrix("b", more))
    index("indent", json.dumps({"x": True, "weight_map": good}, indent=2).encode(), *whole)
    index("bad_missing", {**good, "d": "s2.safetensors"}, "format index: d is not in s2.safetensors")
    index("bad_other", {**good, "b": "s1.safetensors", "c": "s2.safetensors"},
          "format holds c, which the index has in s2.safetensors")
    put("index", "s3.safetensors", container({"b": tensor("F16", [1, 2], 0, 4), "d": tensor("U8", [], 4, 5)}, bytes(5)),
        matrix("b", [[0, 0]]))
    index("bad_both", {**good, "d": "s3.safetensors"}, "format holds b, which the index has in s2.safetensors")
    index("bad_twice", {"a": "s1.safetensors", "d": "s3.safetensors", "e": "s2.safetensors"},
          "format index: e is not in s2.safetensors")
    put("index", "s4.safetensors", container({"b": tensor("F16", [1, 2], 0, 4), "e": tensor("U8", [], 4, 5)}, bytes(5)),
        matrix("b", [[0, 0]]))
    index("bad_unmapped", {"d": "s3.safetensors", "e": "s4.safetensors"}, "format index: b is in two shards")
    index("bad_shard", {"a": "s1.safetensors", "b": "bad_cut.safetensors"},
          "format bad_cut.safetensors: offset 72: b: wants 4 bytes, the file has 3")
    for i, name in enumerate(("../index/s1.safetensors", "/s1.safetensors", "x/s1.safetensors", "..", ".s1.safetensors",
                              "./s1.safetensors", "")):
        index(f"bad_outside{i}", {**good, "b": name},
              "format index: '' is not the name of a safetensors file" if not name else
              f"format index: '{name}' is not the name of a file in its own folder")
    for i, name in enumerate(("s1.bin", ".safetensors"[1:], "s\x1b1.safetensors", "s1.safetensors ")):
        index(f"bad_name{i}", {**good, "b": name}, "format is not the name of a safetensors file")
    index("bad_long", {**good, "b": "x" * 256 + ".safetensors"}, "format a file name of 268 bytes")
    index("bad_tensor", {**good, "x" * 1025: "s1.safetensors"}, "limit a name of 1025 bytes")
    index("bad_nul", {**good, "b": "s\0.safetensors"}, "format index: a NUL in a string")
    index("bad_number", {**good, "b": 3}, "format index: the file of b is not a string")
    index("bad_map", [], "format index: 'weight_map' is not an object")
    index("bad_empty", {}, "format index: maps no tensor")
    index("bad_none", b'{"weights": {}}', "format no index of safetensors files")
    index("bad_object", b'{"weight_map": {"a": {"file": "s1.safetensors"}}}', "format the file of a is not a string")
    index("bad_size", good, "format index: a number beyond 64 bits", metadata={"total_size": 2 ** 64})
    inner = json.dumps(good).encode()
    index("bad_maps", b'{"weight_map":%s,"weight_map":%s}' % (inner, inner), "format 'weight_map' stands there twice")
    index("bad_key", b'{"weight_map":{"a":"s1.safetensors","a":"s1.safetensors"}}', "format the key 'a' stands there twice")
    index("bad_behind", b'{"weight_map":%s}}' % inner, "format index: something follows its end")
    index("bad_deep", b'{"x":' + b"[" * 100 + b'"', "format index: nested deeper than 64")
    index("bad_many", {f"t{i}": f"{i}.safetensors" for i in range(513)}, "limit index: more than 512 files")


# ---------------------------------------------------------------- factors

def pack_codes(codes, bits):
    stream = sum(code << i * bits for i, code in enumerate(codes))
    return stream.to_bytes((len(codes) * bits + 7) // 8, "little")


def make_factors():
    """Left by columns, 4 bits, one range a column; right plain. Uniform levels:
    low + code * (high - low) / 15; ranges are halves times the unit."""
    left_codes = [[3, 15], [0, 8], [9, 1]]
    ranges = [(-1.0, 2.0), (0.5, 3.5)]
    unit = 0.25
    right = [[1.0, -2.0, 0.5, 4.0], [0.0, 3.0, 1.0, -1.0]]
    left = [[unit * (low + c * (high - low) / 15) for c, (low, high) in zip(row, ranges)]
            for row in left_codes]
    product = [[sum(l[k] * right[k][j] for k in range(2)) for j in range(4)] for l in left]
    pieces = [("m.left.unit", "F64", [1], struct.pack("<d", unit)),
              ("m.right.values", "F32", [2, 4], struct.pack("<8f", *right[0], *right[1])),
              ("m.left.ranges", "F16", [2, 2], struct.pack("<4e", *ranges[0], *ranges[1])),
              ("m.left.codes", "U8", [3], pack_codes([c for r in left_codes for c in r], 4))]
    header = {"__metadata__": {
        "eigenscope_factors": "1",
        "eigenscope_picture": "picture=no planes=rgb depth=8 dtype=F64 gamma=0 srgb=none",
        "eigenscope_results": "1",
        "eigenscope_result_0": "matrices=1 parts=2 terms=1 rank=2 dead=0 rounds=1",
        "eigenscope_matrix_0": "rows=3 cols=4 name=m",
        "eigenscope_part_0_0": "name=left rows=3 cols=2 bits=4 quantizer=uniform "
                               "rounding=nearest scales=vector symmetric=no by_column=yes",
        "eigenscope_part_0_1": "name=right rows=2 cols=4 dtype=F32",
        "eigenscope_term_0_0": "matrix=0 left=0 right=1",
        "method": "lplr"}}
    at = 0
    for name, dtype, shape, data in pieces:
        header[name] = tensor(dtype, shape, at, at + len(data))
        at += len(data)
    data = b"".join(p[3] for p in pieces)
    put("factors", "small.factors.safetensors", container(header, data), matrix("m", product))

    def bad(name, text, change, more=b""):
        broken = json.loads(json.dumps(header))
        change(broken)
        put("factors", f"bad_{name}.factors.safetensors", container(broken, data + more), text)
    meta = "__metadata__"
    bad("version", "format version 2", lambda h: h[meta].update(eigenscope_factors="2"))
    bad("other", "format not packed factors", lambda h: h[meta].pop("eigenscope_factors"))
    bad("line", "format 1 lines too many", lambda h: h[meta].update(eigenscope_part_7_0="x"))
    bad("missing", "format 'eigenscope_term_0_0' is missing",
        lambda h: h[meta].pop("eigenscope_term_0_0"))
    bad("zeros", "format does not make sense",
        lambda h: h[meta].update(eigenscope_matrix_0="rows=03 cols=4 name=m"))
    bad("plus", "format does not make sense",
        lambda h: h[meta].update(eigenscope_matrix_0="rows=+3 cols=4 name=m"))
    bad("many", "format does not make sense", lambda h: h[meta].update(eigenscope_results="1025"))
    bad("wide", "format does not make sense", lambda h: h[meta].update(
        eigenscope_matrix_0="rows=1073741824 cols=1073741824 name=m"))
    bad("wraps", "format does not make sense", lambda h: h[meta].update(
        eigenscope_matrix_0="rows=99999999999999999999 cols=4 name=m"))
    bad("large", "format differ from what the metadata says", lambda h: h[meta].update(
        eigenscope_part_0_0="name=left rows=3 cols=2 bits=24 quantizer=uniform "
                            "rounding=nearest scales=vector symmetric=no by_column=yes"))
    bad("tensor", "format has 5 tensors, the metadata wants 4",
        lambda h: h.update(x=tensor("U8", [1], at, at + 1)), b"x")
    bad("picture", "format planes that do not fit", lambda h: (
        h[meta].update(eigenscope_picture="picture=yes planes=rgb depth=8 dtype=F64 gamma=0 srgb=none",
                       eigenscope_result_0="matrices=2 parts=2 terms=1 rank=2 dead=0 rounds=1",
                       eigenscope_matrix_1="rows=3 cols=4 name=n")))

    # within a frame: m = scale H_n^T product H_d + shift; a set bit is a sign of -1
    rows, cols, scale, shift = 0b101, 0b0110, 0.75, -1.5
    ours = [[sum(turn(3, rows)[i][k] * product[k][j] for k in range(3)) for j in range(4)]
            for i in range(3)]
    framed = [[scale * sum(ours[i][k] * turn(4, cols)[j][k] for k in range(4)) + shift
               for j in range(4)] for i in range(3)]
    pieces = [pieces[0], ("m.affine", "F64", [2], struct.pack("<2d", scale, shift)), *pieces[1:],
              ("m.row_signs", "U8", [1], bytes([rows])), ("m.col_signs", "U8", [1], bytes([cols]))]
    at = 0
    for name, dtype, shape, piece in pieces:
        header[name] = tensor(dtype, shape, at, at + len(piece))
        at += len(piece)
    data = b"".join(p[3] for p in pieces)
    header[meta]["eigenscope_frame_0"] = "rows=yes cols=yes shifted=yes"
    put("factors", "framed.factors.safetensors", container(header, data), matrix("m", framed))
    bad("frame_plain", "format does not make sense",
        lambda h: h[meta].update(eigenscope_frame_0="rows=no cols=no shifted=no"))
    bad("frame_word", "format does not make sense",
        lambda h: h[meta].update(eigenscope_frame_0="rows=yes cols=yes shifted=yes "))
    bad("frame_more", "format 1 lines too many",
        lambda h: h[meta].update(eigenscope_frame_1="rows=yes cols=yes shifted=yes"))
    bad("frame_gone", "format has 7 tensors, the metadata wants 4",
        lambda h: h[meta].pop("eigenscope_frame_0"))
    bad("frame_less", "format has 7 tensors, the metadata wants 5",
        lambda h: h[meta].update(eigenscope_frame_0="rows=no cols=no shifted=yes"))
    data = data[:-2] + bytes([rows | 8]) + data[-1:]
    bad("frame_bits", "format bits behind the last sign", lambda h: None)
    framed_large()


def framed_large():
    """A side of 2 x 521 entries, rotated by what stands for a DCT-II there."""
    q, scale = 521, 0.75
    codes = [(7 * i * i + 3 * i) % 16 for i in range(2 * q)]
    x = [-1 + 3 * c / 15 for c in codes]
    signs = bytes((37 * i * i + 11 * i) % 256 if i < q // 4 else 0b10 for i in range(q // 4 + 1))
    top, bottom = (overlapping([(a + b * s) * 0.5 ** 0.5 for a, b in zip(x[:q], x[q:])])
                   for s in (1, -1))
    framed = [[scale * v * (-1) ** (signs[i // 8] >> i % 8 & 1)] for i, v in enumerate(top + bottom)]
    pieces = [("m.dense.range", "F64", [2], struct.pack("<2d", -1, 2)),
              ("m.affine", "F64", [2], struct.pack("<2d", scale, 0)),
              ("m.dense.codes", "U8", [q], pack_codes(codes, 4)),
              ("m.row_signs", "U8", [len(signs)], signs)]
    header = {"__metadata__": {
        "eigenscope_factors": "1",
        "eigenscope_picture": "picture=no planes=rgb depth=8 dtype=F64 gamma=0 srgb=none",
        "eigenscope_results": "1",
        "eigenscope_result_0": "matrices=1 parts=1 terms=1 rank=0 dead=0 rounds=1",
        "eigenscope_matrix_0": f"rows={2 * q} cols=1 name=m",
        "eigenscope_frame_0": "rows=yes cols=no shifted=yes",
        "eigenscope_part_0_0": f"name=dense rows={2 * q} cols=1 bits=4 quantizer=uniform "
                               "rounding=nearest scales=tensor symmetric=no by_column=no",
        "eigenscope_term_0_0": "matrix=0 dense=0"}}
    at = 0
    for name, dtype, shape, piece in pieces:
        header[name] = tensor(dtype, shape, at, at + len(piece))
        at += len(piece)
    put("factors", "framed_large.factors.safetensors",
        container(header, b"".join(p[3] for p in pieces)), matrix("m", framed))


def overlapping(x):
    """C x for a large odd order: Walsh functions on the last entries, signs, Walsh functions on the first,
    every entry with its mirror image."""
    q, m = len(x), 1 << (len(x).bit_length() - 1)

    def walsh(y):
        return [sum(v * (-1) ** bin(i & j).count("1") for j, v in enumerate(y)) / m ** .5 for i in range(m)]
    x = x[:q - m] + walsh(x[q - m:])
    x = [-v if k * k * 0x9E3779B97F4A7C15 >> 63 & 1 else v for k, v in enumerate(x)]
    x = walsh(x[:m]) + x[m:]
    return [((v if k < q // 2 else -v) + x[q - 1 - k]) * 0.5 ** 0.5 if 2 * k != q - 1 else v
            for k, v in enumerate(x)]


def turn(n, signs):
    """D (H (x) C): signs, the Hadamard matrix of the power of two in n, the DCT-II of the rest."""
    q = n
    while q % 2 == 0:
        q //= 2
    return [[(-1) ** (signs >> i & 1) * (-1) ** bin(i // q & j // q).count("1") * (q / n) ** .5 *
             ((2 / q) ** .5 * math.cos(math.pi * (2 * (i % q) + 1) * (j % q) / (2 * q)) if j % q else q ** -.5)
             for j in range(n)] for i in range(n)]


# ---------------------------------------------------------------- gguf

def single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def half(data, at):
    return struct.unpack_from("<e", data, at)[0]


def scales_of(b, i):
    """Scale and minimum i of the 12 bytes of Q4_K and Q5_K."""
    if i < 4:
        return b[i] & 63, b[i + 4] & 63
    return (b[i + 4] & 15) | (b[i - 4] >> 6) << 4, (b[i + 4] >> 4) | (b[i] >> 6) << 4


def scale_q3(b, i):
    low = b[i] & 15 if i < 8 else b[i - 8] >> 4
    return (low | (b[8 + i % 4] >> (2 * (i // 4)) & 3) << 4) - 32


LEVELS = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]


def nibble(qs, i, n):
    """Element i of n, whose low nibbles come first."""
    return qs[i] & 15 if i < n // 2 else qs[i - n // 2] >> 4


def q2_k(b, i):
    s, q = b[i // 16], b[16 + 32 * (i // 128) + i % 32] >> 2 * (i % 128 // 32) & 3
    return half(b, 80) * (s & 15), q, -half(b, 82) * (s >> 4)


def q3_k(b, i):
    q = b[32 + 32 * (i // 128) + i % 32] >> 2 * (i % 128 // 32) & 3
    return half(b, 108) * scale_q3(b[96:108], i // 16), q - (0 if b[i % 32] >> i // 32 & 1 else 4), 0


def q4_k(b, i):
    scale, least = scales_of(b[4:16], i // 32)
    return half(b, 0) * scale, nibble(b[16 + 32 * (i // 64):], i % 64, 64), -half(b, 2) * least


def q5_k(b, i):
    scale, least = scales_of(b[4:16], i // 32)
    q = nibble(b[48 + 32 * (i // 64):], i % 64, 64) + 16 * (b[16 + i % 32] >> i // 32 & 1)
    return half(b, 0) * scale, q, -half(b, 2) * least


def q6_k(b, i):
    part, k = divmod(i, 128)
    q = nibble(b[64 * part:], k, 128) | (b[128 + 32 * part + k % 32] >> 2 * (k // 32) & 3) << 4
    return half(b, 208) * struct.unpack_from("b", b, 192 + i // 16)[0], q - 32, 0


def iq4_xs(b, i):
    g, high = i // 32, struct.unpack_from("<H", b, 2)[0]
    scale = (b[4 + g // 2] >> 4 * (g % 2) & 15 | (high >> 2 * g & 3) << 4) - 32
    return half(b, 0) * scale, LEVELS[nibble(b[8 + 16 * g:], i % 32, 32)], 0


def fifth(b, at, i):
    return (struct.unpack_from("<I", b, at)[0] >> i & 1) << 4


# name: number, elements, bytes, where halves lie, element i as (scale, code, offset)
BLOCKS = {
    "Q4_0": (2, 32, 18, (0,), lambda b, i: (half(b, 0), nibble(b[2:], i, 32) - 8, 0)),
    "Q4_1": (3, 32, 20, (0, 2), lambda b, i: (half(b, 0), nibble(b[4:], i, 32), half(b, 2))),
    "Q5_0": (6, 32, 22, (0,),
             lambda b, i: (half(b, 0), nibble(b[6:], i, 32) + fifth(b, 2, i) - 16, 0)),
    "Q5_1": (7, 32, 24, (0, 2),
             lambda b, i: (half(b, 0), nibble(b[8:], i, 32) + fifth(b, 4, i), half(b, 2))),
    "Q8_0": (8, 32, 34, (0,), lambda b, i: (half(b, 0), struct.unpack_from("b", b, 2 + i)[0], 0)),
    "Q2_K": (10, 256, 84, (80, 82), q2_k),
    "Q3_K": (11, 256, 110, (108,), q3_k),
    "Q4_K": (12, 256, 144, (0, 2), q4_k),
    "Q5_K": (13, 256, 176, (0, 2), q5_k),
    "Q6_K": (14, 256, 210, (208,), q6_k),
    "IQ4_NL": (20, 32, 18, (0,), lambda b, i: (half(b, 0), LEVELS[nibble(b[2:], i, 32)], 0)),
    "IQ4_XS": (23, 256, 136, (0,), iq4_xs),
}


def random_blocks(rng, kind, n):
    data = b""
    for _ in range(n):
        block = bytearray(rng.randrange(256) for _ in range(BLOCKS[kind][2]))
        for at in BLOCKS[kind][3]:
            block[at:at + 2] = struct.pack("<e", rng.uniform(-2, 2))
        data += bytes(block)
    return data


def decoded(kind, data, cols):
    _, elements, size, _, element = BLOCKS[kind]
    flat = []
    for at in range(0, len(data), size):
        for i in range(elements):
            scale, code, offset = element(data[at:at + size], i)
            flat.append(single(single(single(scale) * code) + single(offset)))
    return [flat[i:i + cols] for i in range(0, len(flat), cols)]


def text(s):
    s = s if isinstance(s, bytes) else s.encode()
    return struct.pack("<Q", len(s)) + s


VALUES = {"u8": (0, "<B"), "i8": (1, "<b"), "u16": (2, "<H"), "i16": (3, "<h"), "u32": (4, "<I"),
          "i32": (5, "<i"), "f32": (6, "<f"), "bool": (7, "<B"), "u64": (10, "<Q"),
          "i64": (11, "<q"), "f64": (12, "<d")}


def pair(key, kind, value):
    if kind == "raw":  # number of the type and all that follows
        return text(key) + struct.pack("<I", value[0]) + value[1]
    if kind == "text":
        return text(key) + struct.pack("<I", 8) + text(value)
    return text(key) + struct.pack("<I", VALUES[kind][0]) + struct.pack(VALUES[kind][1], value)


def array(kind, items, n=None):
    return struct.pack("<IQ", kind, len(items) if n is None else n) + b"".join(items)


def gguf(tensors, pairs=(), version=3, align=32, n_tensors=None, n_pairs=None, cut=0, tail=b"",
         magic=b"GGUF"):
    """tensors: name, dims (columns first), number of the type, data[, offset]."""
    head = magic + struct.pack("<IQQ", version, len(tensors) if n_tensors is None else n_tensors,
                               len(pairs) if n_pairs is None else n_pairs) + b"".join(pairs)
    data = b""
    for name, dims, kind, piece, *offset in tensors:
        data += b"\0" * (-len(data) % align)
        head += text(name) + struct.pack(f"<I{len(dims)}Q", len(dims), *dims) + \
            struct.pack("<IQ", kind, offset[0] if offset else len(data))
        data += piece
    if tensors:
        head += b"\0" * (-len(head) % align)
    whole = head + data + tail
    return whole[:len(whole) - cut]


def make_gguf():
    rng = random.Random(5)
    rows = [[1.5, -2, 3], [0, 8, -0.25]]
    flat = [v for r in rows for v in r]
    f4 = struct.pack("<6f", *flat)
    w = ("w", (3, 2), 0, f4)
    whole = [[1, -2, 3], [0, 8, -5]]

    for kind, number, code, numbers in (
            ("f32", 0, "f", rows), ("f16", 1, "e", rows), ("f64", 28, "d", rows), ("i8", 24, "b", whole),
            ("i16", 25, "h", whole), ("i32", 26, "i", whole), ("i64", 27, "q", whole)):
        data = struct.pack(f"<6{code}", *[v for r in numbers for v in r])
        put("gguf", f"{kind}.gguf", gguf([("w", (3, 2), number, data)]), matrix("w", numbers))
    bf16 = b"".join(struct.pack("<f", v)[2:] for v in flat)
    put("gguf", "bf16.gguf", gguf([("w", (3, 2), 30, bf16)], version=2), matrix("w", rows))
    for kind, (number, elements, _, _, _) in BLOCKS.items():
        data = random_blocks(rng, kind, 4)
        put("gguf", f"{kind.lower()}.gguf", gguf([w, ("q", (2 * elements, 2), number, data)]),
            matrix("w", rows), matrix("q", decoded(kind, data, 2 * elements)))

    every = [pair(f"a.{k}", k, 1) for k in VALUES] + \
        [pair("general.architecture", "text", "llama"), pair("t", "text", b"\xff\0\n" * 200)] + \
        [pair(f"b.{k}", "raw", (9, array(n, [struct.pack(c, 1)] * 3))) for k, (n, c) in VALUES.items()] + \
        [pair("tokens", "raw", (9, array(8, [text("x" * i) for i in range(40)]))),
         pair("none", "raw", (9, array(8, [])))]
    put("gguf", "metadata.gguf", gguf([w], every), matrix("w", rows), "fact a.i8 1", "fact a.f64 1",
        "fact a.bool true", "fact general.architecture llama", "fact t \\xff", "fact tokens 40 items")
    twice = [[10 * v for v in r] for r in rows]
    q8 = random_blocks(random.Random(6), "Q8_0", 6)
    put("gguf", "experts.gguf",
        gguf([("blk.0.ffn_up_exps.weight", (3, 2, 2), 0, f4 + struct.pack("<6f", *sum(twice, []))),
              ("blk.0.ffn_down_exps.weight", (64, 1, 3), 8, q8), ("blk.0.none_exps.weight", (32, 0, 2), 8, b""),
              ("blk.0.conv.weight", (3, 2, 1), 0, f4), ("blk.0.ffn_gate_exps.weight", (3, 2, 1, 1), 0, f4)]),
        matrix("blk.0.ffn_up_exps.weight[0]", rows), matrix("blk.0.ffn_up_exps.weight[1]", twice),
        *[matrix(f"blk.0.ffn_down_exps.weight[{e}]", decoded("Q8_0", q8[68 * e:68 * e + 68], 64)) for e in range(3)],
        "notice 3 of 5 tensors are not matrices and left out")
    put("gguf", "align64.gguf", gguf([w, ("v",) + w[1:]], [pair("general.alignment", "u32", 64)],
                                     align=64), matrix("w", rows), matrix("v", rows))
    put("gguf", "align1.gguf", gguf([w, ("v",) + w[1:]], [pair("general.alignment", "u32", 1)],
                                    align=1), matrix("w", rows), matrix("v", rows))
    put("gguf", "order.gguf", gguf([("w", (3, 2), 0, f4, 32), ("v", (3, 2), 0, f4, 0)]),
        matrix("w", rows), matrix("v", rows))
    put("gguf", "empty.gguf", gguf([("e", (3, 0), 0, b""), w, ("f", (0, 2), 8, b"", 32)]),
        "ok e 0 3 0.0", "ok f 2 0 0.0", matrix("w", rows), "lax")
    put("gguf", "others.gguf",
        gguf([("v", (6,), 0, f4), ("s", (), 0, f4[:4]), ("c", (3, 2, 1), 0, f4), w]),
        matrix("w", rows), "notice 3 of 4 tensors are not matrices and left out")
    put("gguf", "types.gguf",
        gguf([("x", (256, 1), 16, bytes(66)), ("y", (3, 2), 200, bytes(40)), ("z", (3, 2), 4, bytes(9)), w]),
        matrix("w", rows), "notice 3 of 4 are of types that are not decoded (IQ2_XXS, ...)")
    put("gguf", "gaps.gguf", gguf([w, ("v", (3, 2), 0, bytes(96) + f4, 128)]),
        matrix("w", rows), matrix("v", rows), "notice 96 bytes between or behind tensors ignored")
    put("gguf", "tail.gguf", gguf([w], tail=bytes(8) + b"12345"), matrix("w", rows), "lax",
        "notice 5 bytes between or behind tensors ignored")
    poison = bytearray(random_blocks(rng, "Q8_0", 6))
    poison[4 * 34:4 * 34 + 2] = b"\x00\x7c"
    put("gguf", "infinite.gguf", gguf([("q", (64, 3), 8, bytes(poison))]), "lax")

    def bad(name, expected, tensors=(w,), pairs=(), **change):
        put("gguf", f"bad_{name}.gguf", gguf(tensors, pairs, **change), expected)

    bad("expert_twice", "format 'a_exps.weight[1]' is the name of a tensor and of an expert's matrix",
        [("a_exps.weight", (3, 1, 2), 0, f4), ("a_exps.weight[1]", (3, 2), 0, f4)])
    most = 2 ** 64 - 1
    bad("magic", "format not a file of a known format", magic=b"GGUf")
    bad("version0", "format version 0 is not read", version=0)
    bad("version1", "format version 1 is not read", version=1)
    bad("version4", "format version 4 is not read", version=4)
    bad("big_endian", "format big-endian", version=3 << 24)
    bad("tensors", "format claims 18446744073709551615 tensors", n_tensors=most)
    bad("tensors_more", "format a tensor name of 0 bytes", n_tensors=2)
    bad("tensors_half", "format claims 768614336404564650 tensors", n_tensors=2 ** 64 // 24)
    bad("keys", "format claims 18446744073709551615 keys", n_pairs=most)
    bad("keys_wrap", "format claims 384307168202282326 keys", n_pairs=2 ** 64 // 48 + 1)
    bad("key_size", "format a key of 18446744073709551615 bytes",
        pairs=[struct.pack("<Q", most) + b"key" + struct.pack("<IB", 0, 1)])
    bad("key_long", "format a key of 1025 bytes; 1 to 1024 are allowed",
        pairs=[pair("k" * 1025, "u8", 1)])
    bad("key_empty", "format a key of 0 bytes", pairs=[pair("", "u8", 1)])
    bad("key_control", "format the key 'a\\x1b[2J' is not plain text", pairs=[pair("a\x1b[2J", "u8", 1)])
    bad("key_nul", "format is not plain text", pairs=[pair("a\0b", "u8", 1)])
    bad("key_twice", "format the key 'a' stands there twice",
        pairs=[pair("a", "u8", 1), pair("b", "u8", 1), pair("a", "i8", 1)])
    bad("value", "format a: a value of type 13 is not known", pairs=[pair("a", "raw", (13, b"\0"))])
    bad("string", "format a string of 18446744073709551600 bytes",
        pairs=[pair("a", "raw", (8, struct.pack("<Q", most - 15)))])
    bad("bool", "format a bool of 2", pairs=[pair("a", "bool", 2)])
    bad("bools", "format a bool of 255", pairs=[pair("a", "raw", (9, array(7, [b"\1", b"\xff"])))])
    bad("arrays", "format an array of arrays",
        pairs=[pair("a", "raw", (9, array(9, [array(4, [])])))])
    bad("array_type", "format an array of a type that is not known",
        pairs=[pair("a", "raw", (9, array(77, [])))])
    bad("array_size", "format an array of 4611686018427387905 items",
        pairs=[pair("a", "raw", (9, array(4, [], 2 ** 62 + 1)))])
    bad("array_string", "format a string of 4294967296 bytes",
        pairs=[pair("a", "raw", (9, array(8, [struct.pack("<Q", 2 ** 32)])))])
    for value in (0, 13, 2 ** 32 - 1):
        bad(f"align_{value}", f"format an alignment of {value} is no power of two",
            pairs=[pair("general.alignment", "u32", value)])
    bad("align_large", "limit an alignment of 2147483648 is more than 1048576",
        pairs=[pair("general.alignment", "u32", 2 ** 31)])
    bad("align_type", "format general.alignment is a value of type i32, not u32",
        pairs=[pair("general.alignment", "i32", 32)])
    bad("align_text", "format general.alignment is a value of type string, not u32",
        pairs=[pair("general.alignment", "text", "32")])
    bad("align_other", "format which is not aligned to 64", tensors=[w, ("v",) + w[1:]],
        pairs=[pair("general.alignment", "u32", 64)])
    bad("name_long", "format a tensor name of 65 bytes; 1 to 64", tensors=[("n" * 65,) + w[1:]])
    bad("name_empty", "format a tensor name of 0 bytes", tensors=[("",) + w[1:]])
    bad("name_utf8", "format the tensor name 'a\\xff' is not plain text", tensors=[(b"a\xff",) + w[1:]])
    bad("name_twice", "format there are two tensors named 'w'", tensors=[w, w])
    bad("dims", "format 'w' has 5 dimensions; 4 are allowed", tensors=[("w", (3, 2, 1, 1, 1), 0, f4)])
    bad("dims_more", "format has 4294967295 dimensions",
        tensors=[], n_tensors=1, tail=text("w") + struct.pack("<IQQIQ", 2 ** 32 - 1, 3, 2, 0, 0))
    bad("negative", "format the shape of 'w' is beyond 63 bits", tensors=[("w", (2 ** 63, 1), 0, f4)])
    bad("product", "format the shape of 'w' is beyond 63 bits",
        tensors=[("w", (2 ** 32, 2 ** 32, 2), 0, f4)])
    bad("product_zero", "format the shape of 'w' is beyond 63 bits",
        tensors=[("w", (2 ** 32, 2 ** 32, 0), 0, f4)])
    bad("bytes", "format the size of 'w' is beyond 64 bits", tensors=[("w", (2 ** 31, 2 ** 31), 28, f4)])
    bad("huge_blocks", "format 'w' wants", tensors=[("w", (2 ** 40, 2 ** 22), 2, f4)])
    bad("two_huge", "format wants 9223372036854775744 bytes",
        tensors=[("w", (2 ** 63 - 64,), 24, b"", 0), ("v", (2 ** 63 - 64,), 24, b"", 2 ** 63 - 64)])
    bad("blocks", "format 'w' has rows of 33 elements, blocks of Q4_0 hold 32",
        tensors=[("w", (33, 2), 2, bytes(80))])
    bad("blocks_k", "format 'w' has rows of 576 elements, blocks of Q4_K hold 256",
        tensors=[("w", (576, 2), 12, bytes(1000))])
    bad("type", "format 'w' is of type 4294967295, which is none", tensors=[("w", (3, 2), 2 ** 32 - 1, f4)])
    bad("type256", "format 'w' is of type 256, which is none", tensors=[("w", (3, 2), 256, f4)])
    bad("offset", "format 'w' lies at 4 of the data, which is not aligned to 32",
        tensors=[("w", (3, 2), 0, bytes(8) + f4, 4)])
    bad("offset_wraps", "format 'w' wants 24 bytes", tensors=[("w", (3, 2), 0, f4, 2 ** 64 - 32)])
    bad("offset_far", "format 'w' wants 24 bytes", tensors=[("w", (3, 2), 0, f4, 2 ** 40)])
    bad("overlap", "format 'v' lies at 160, inside of the one before",
        tensors=[("w", (9, 2), 0, bytes(72), 0), ("v", (3, 2), 0, bytes(24), 32)])
    bad("overlap_unknown", "format 'v' lies at 160, inside of the one before",
        tensors=[("w", (9, 2), 0, bytes(72), 0), ("v", (3, 2), 99, bytes(24), 32)])
    bad("short", "format 'w' wants 24 bytes", cut=1)
    make_split(rows, f4)


def make_split(rows, f4):
    def part(stem, no, count, tensors, total=None, named=None):
        keys = [pair("split.no", "u16", no), pair("split.count", "u16", count)]
        if total is not None:
            keys.append(pair("split.tensors.count", "i32", total))
        return f"{stem}-{no + 1:05}-of-{named or count:05}.gguf", gguf(tensors, keys)

    a, b, c = [(name, (3, 2), 0, f4) for name in "abc"]
    all_three = [matrix(name, rows) for name in "abc"]
    for no, tensors in enumerate(([a], [b], [c])):
        put("gguf", *part("split", no, 3, tensors, 3), *all_three, "notice 3 files read as one")
    for stem, why, first, second in (
            ("twice", "two of the 2 files have a tensor named 'a'", part("bad_twice", 0, 2, [a], 2),
             part("bad_twice", 1, 2, [a], 2)),
            ("total", "the 2 files have 2 tensors, the first claims 3", part("bad_total", 0, 2, [a], 3),
             part("bad_total", 1, 2, [b], 3)),
            ("order", "says it is part 1 of 2, its name 2 of 2", part("bad_order", 0, 2, [a], 2),
             ("bad_order-00002-of-00002.gguf", part("", 0, 2, [b], 2)[1])),
            ("count", "says it is part 2 of 3, its name 2 of 2", part("bad_count", 0, 2, [a], 2),
             part("bad_count", 1, 3, [b], 2, 2)),
            ("alone", "has no split.no and split.count", part("bad_alone", 0, 2, [a], 2),
             ("bad_alone-00002-of-00002.gguf", gguf([b])))):
        del stem
        put("gguf", *first, f"format {why}")
        other = matrix("b", rows) if "has no split" in why else \
            "format says it is part 1 of 2, its name 2 of 2" if "part 1" in why else f"format {why}"
        put("gguf", *second, other)
    put("gguf", "bad_name.gguf", part("x", 0, 2, [a], 2)[1], "format whose name does not end as "
        "-00001-of-00002.gguf does")


def main():
    make_npy()
    make_npz()
    make_png()
    make_pnm()
    make_jpeg()
    make_bmp()
    make_tga()
    make_safetensors()
    make_index()
    make_factors()
    make_gguf()
    for path, data in FILES.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
    for folder, lines in EXPECTED.items():
        known = {line.split("\t")[0] for line in lines} | {"expected.txt"}
        for name in sorted(set(os.listdir(folder)) - known):
            print(f"{folder}/{name}: nobody says what to expect of it")
        with open(f"{folder}/expected.txt", "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
    print(f"{len(FILES)} files, {sum(map(len, FILES.values()))} bytes")


if __name__ == "__main__":
    main()
