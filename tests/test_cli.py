import json

import pytest

from thalweg.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    assert main(arguments) == 0
    printed = capsys.readouterr()
    return printed.out, printed.err


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert not printed.out
    return printed.err.splitlines()[-1]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    import thalweg

    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"thalweg {thalweg.__version__}\n"


def test_json_is_all_that_stdout_gets(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = run(capsys, "demo", "--json", "--epochs", "2", "--seed", "5")
    assert out.count("\n") == 1
    numbers = json.loads(out)
    assert (numbers["seed"], numbers["epochs"]) == (5, 2)
    assert numbers["rows"] == {"train": 266, "validation": 67, "test": 173}
    for model in ("baseline", "linear", "network"):
        assert all(value > 0 for value in numbers[model].values())
    weights = [abs(row["weight"]) for row in numbers["weights"]]
    assert len(weights) == 12
    assert weights == sorted(weights, reverse=True)
    assert not err


def test_the_screen_shows_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = run(capsys, "demo", "--json", "--epochs", "2")
    numbers = json.loads(out)
    screen, err = run(capsys, "demo", "--no-serve", "--epochs", "2")
    for model in ("baseline", "linear", "network"):
        for part in ("train_mse", "validation_mse", "test_mse"):
            assert f"{numbers[model][part]:.2f}" in screen
        assert f"${numbers[model]['test_mae_dollars']:,.0f}" in screen
    names = [row["name"] for row in numbers["weights"]]
    places = [screen.index(f"\n  {name} ") for name in names]
    assert places == sorted(places)
    # Nobody watches: a line for each model instead of a bar.
    assert [line.split(":")[0] for line in err.splitlines()] == ["linear model", "network 50-50-1"]


@pytest.mark.parametrize("arguments", [(), ("train",), ("demo", "more"), ("demo", "--speed", "9")])
def test_unknown_arguments_are_refused(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, *arguments).startswith("thalweg")


@pytest.mark.parametrize(
    ("option", "text", "expected"),
    [
        ("--epochs", "0", "an integer from 1 up"),
        ("--epochs", "many", "an integer from 1 up"),
        ("--seed", "-1", "an integer from 0 up to"),
        ("--seed", "1.5", "an integer from 0 up to"),
    ],
)
def test_numbers_are_checked(
    option: str, text: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refusal(capsys, "demo", f"{option}={text}")
    assert option in message
    assert expected in message
    assert f"got {text!r}" in message


def test_an_interrupt_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("thalweg.demo.boston.run_demo", interrupted)
    assert main(["demo"]) == 130
