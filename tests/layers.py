"""Who includes whom (docs/architecture.md): includes go down or sideways, members
of a family never include each other, each outside library has its door. TAP."""
import pathlib
import re
import sys

TOP = pathlib.Path(sys.argv[1])
FLOORS = [
    {"error", "cancel", "limit", "memory", "arena", "bytes", "matrix", "half", "packing", "seconds"},
    {"random", "param", "blas", "linalg", "spectrum", "quantizer", "coding", "coding_table", "coding_chunk", "coding_groups", "ranges", "result", "quality",
     "preview", "source", "sink", "raster", "packing", "raw", "hadamard", "rotation", "exact", "audit_bounds", "ensemble", "expression",
     "gaussian_dp", "classical", "zcdp", "price", "ledger", "ledger_file", "dataset", "ledger_disk",
     "exif", "confine", "decode", "blocks", "pull", "shards", "folder", "archive", "npy", "names", "entropy", "chacha", "deviate", "rounded_gaussian", "wipe", "rows", "perturbation", "bulk", "spacing",
     "linalg_hermitian", "mechanism", "covariance",
     "dyson", "dyson_path", "dyson_scenes", "dyson_sde", "gap_readings", "gap_statistics", "tridiagonal"},
    {"job", "backend", "backend_front", "operations", "seat", "pace", "method", "document", "selection", "safetensors", "packed", "factors", "export",
     "truncation", "bound", "budget", "demo", "coding_rows", "split_rows", "approximate", "lanczos", "allocation", "pair", "fit", "sketch",
     "panel", "goal", "goal_solve", "theory", "histogram",
     "compare", "compare_search", "reference", "jpeg_reference",
     "framing", "joint", "joint_profile", "joint_plan", "joint_null", "denoise",
     "remainder", "remainder_method", "quarter_circle", "downdate",
     "gguf", "gguf_reader", "gguf_writer", "anatomy", "anatomy_entries", "verdict", "scan", "scan_file", "scan_keys",
     "configuration", "simulation", "simulation_rows", "demo_rows", "monte_carlo", "utility", "release", "release_price", "release_deviation", "release_noise", "release_draw", "release_file", "release_path", "release_rows", "gram_check", "gradual",
     "family", "family_groups", "group", "audit",
     "picture", "netpbm",
     "gap_draws"},
    {"methods/", "quantizers/", "formats/", "backends/", "vulkan/"},
    {"registry"},
    {"canvas", "cursor", "theme", "input", "probe", "term", "term_input", "term_modes", "term_signals", "term_copy", "hole", "study", "study_inside", "coarse", "brightness", "kept",
     "run_list", "beside_found", "study_beside", "group_found", "study_group", "study_theatre", "theatre_found", "study_compare", "study_weights", "scan_list", "outcome", "likeness", "worker", "theory_curve", "heat_map",
     "zoom",
     "study_release", "released", "unwritten",
     "provenance", "state", "frame", "typing", "grammar"},
    {"model", "model_rows", "model_want", "hold", "heat", "levels", "nested", "slots", "runs", "beside", "layer_map", "grouping", "grouping_ranks", "grouping_names", "theatre_time", "tabs", "theatre", "browse", "browse_rows", "worlds", "worlds_terms", "worlds_spend", "inspect", "scanning", "opening", "plot", "view", "history"},
    {"worlds_keys",
     "comparing", "crosshair", "sweep", "showing", "browse_commands",
     "form", "theatre_point", "panes/", "views/", "actions", "commands", "overlay", "setting", "aim", "mouse",
     "line", "catalogue", "completion", "session", "player", "reproduce"},
    {"main", "cli", "manual", "options", "flags", "help", "account", "trial",
     "report", "csv", "simulated", "pricing", "crew", "flags_private", "flags_statistics", "docs", "doctor", "progress", "stray", "tui", "words/", "words", "comparison", "variation", "plan", "flags_groups", "flags_gaps", "gap_curves", "gap_tables"},
]
DOORS = {  # outside header -> who may include it
    "curses.h": ["app/term"],
    "ncurses.h": ["app/term"],
    "term.h": ["app/"],  # ours; curses' own of that name never
    "lapacke.h": ["engine/linalg.c", "engine/linalg_hermitian.c"],
    "cblas.h": ["engine/blas.c"],
    "png.h": ["engine/formats/png"],
    "jansson.h": ["engine/safetensors", "app/report"],
    "pthread.h": ["app/worker.c", "app/crew.c"],
    "seccomp.h": ["engine/confine.c"],
    "jpeglib.h": ["engine/jpeg_reference.c"],
    "zlib.h": ["engine/archive.c"],
    "stb_image.h": ["engine/decode.c"],
    "vulkan/vulkan_core.h": ["engine/vulkan/api.h"],
}
# view.h is the socket of the views; view.c puts the whole screen together, two floors up.
EXCEPTIONS = {("app/view.c", "actions.h"), ("app/view.c", "panes/panes.h")}
FAMILIES = ["engine/methods", "engine/quantizers", "engine/formats", "engine/backends",
            "app/views", "app/words"]
GENERATED = {"registry_rows.h", "vulkan_shaders.h", "vulkan_code.h", "view_rows.h", "photo_stamp.h"}  # by meson
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def floor(path):
    """The floor of engine/x.c, app/panes/y.h, ...; None: not in the table."""
    room, rest = path.split("/", 1)
    stem = rest.rsplit(".", 1)[0]
    for number, names in enumerate(FLOORS):
        if (room == "engine") != (number < 5):
            continue
        if stem in names or any(n.endswith("/") and stem.startswith(n) for n in names):
            return number
    return None


def find(name, where):
    for candidate in (where.parent / name, TOP / "engine" / name, TOP / "app" / name):
        if candidate.exists():
            return candidate.resolve().relative_to(TOP.resolve()).as_posix()
    return None


def faults(path):
    here = path.relative_to(TOP).as_posix()
    mine = floor(here)
    if mine is None:
        yield "stands on no floor"
        return
    for quote, name in INCLUDE.findall(path.read_text(encoding="utf-8")):
        if name in DOORS and not any(here.startswith(d) for d in DOORS[name]):
            yield f"includes <{name}>, whose door is {DOORS[name][0]}"
        if quote == "<" or name in GENERATED:
            continue
        there = find(name, path)
        if there is None:
            yield f"includes {name}, which is nowhere"
            continue
        if here.startswith("engine/") and there.startswith("app/"):
            yield f"the engine includes {there}"
        if floor(there) is not None and floor(there) > mine and (here, name) not in EXCEPTIONS:
            yield f"includes upward: {there}"
        for family in FAMILIES:
            if here.startswith(family + "/") and there.startswith(family + "/") and \
                    there.rsplit(".", 1)[0] != here.rsplit(".", 1)[0]:
                yield f"includes its sibling {there}"


def main():
    files = sorted(p for room in ("engine", "app") for p in (TOP / room).rglob("*.[ch]"))
    bad = 0
    for number, path in enumerate(files, 1):
        found = list(faults(path))
        bad += bool(found)
        print(f"{'not ' if found else ''}ok {number} - {path.relative_to(TOP).as_posix()}")
        for fault in found:
            print(f"# {path.relative_to(TOP)}: {fault}")
    print(f"1..{len(files)}")
    return 1 if bad else 0


sys.exit(main())
