import torch

from espnet2.train.average import average_nbest_models, average_states
from espnet2.train.reporter import Reporter

CRITERIA = [("valid", "acc", "max"), ("valid", "loss", "min")]


def written(directory, accuracies):
    reporter = Reporter()
    for epoch, accuracy in enumerate(accuracies, 1):
        reporter.stats[epoch] = {"valid": {"acc": accuracy}}
        torch.save({"w": torch.full((2,), float(epoch)), "count": torch.tensor(epoch)}, directory / f"{epoch}epoch.pth")
    return reporter


def test_floats_are_averaged_and_integers_summed(tmp_path):
    states = [
        {"w": torch.tensor([1.0, 2.0]), "half": torch.tensor(1.0, dtype=torch.float16), "count": torch.tensor(3)},
        {"w": torch.tensor([3.0, 6.0]), "half": torch.tensor(2.0, dtype=torch.float16), "count": torch.tensor(4)},
    ]
    paths = [tmp_path / "1.pth", tmp_path / "2.pth"]
    for state, path in zip(states, paths):
        torch.save(state, path)
    mean = average_states(paths)
    assert mean["w"].tolist() == [2.0, 4.0]
    assert (mean["half"].item(), mean["half"].dtype) == (1.5, torch.float16)
    assert mean["count"].item() == 7


def test_each_number_has_a_file_and_the_largest_a_link(tmp_path):
    average_nbest_models(tmp_path, written(tmp_path, [0.1, 0.9, 0.5]), CRITERIA, [1, 2, 10])
    assert torch.load(tmp_path / "valid.acc.ave_2best.pth")["w"].tolist() == [2.5, 2.5]
    assert (tmp_path / "valid.acc.ave_1best.pth").readlink().name == "2epoch.pth"
    assert (tmp_path / "valid.acc.ave.pth").readlink().name == "valid.acc.ave_2best.pth"
    assert not list(tmp_path.glob("valid.loss*"))
    assert not (tmp_path / "valid.acc.ave_10best.pth").exists()


def test_one_best_when_all_numbers_are_too_large(tmp_path):
    average_nbest_models(tmp_path, written(tmp_path, [0.1, 0.9]), CRITERIA, [10])
    assert torch.load(tmp_path / "valid.acc.ave.pth")["count"] == 2
    assert (tmp_path / "valid.acc.ave.pth").readlink().name == "valid.acc.ave_1best.pth"


def test_averages_on_the_way_have_the_epoch_in_their_names(tmp_path):
    average_nbest_models(tmp_path, written(tmp_path, [0.1, 0.9]), CRITERIA, [2], till=2)
    assert (tmp_path / "valid.acc.ave.till2epoch.pth").readlink().name == "valid.acc.ave_2best.till2epoch.pth"
