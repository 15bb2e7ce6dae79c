import pytest

from espnet2.train import cluster
from espnet2.train.cluster import Place, first_host, place_of_process, processes_here, slurm_node, slurm_place
from espnet2.train.options import DistributedOptions
from espnet2.utils.errors import InputError

SLURM = {
    "SLURM_PROCID": "3",
    "SLURM_NTASKS": "4",
    "SLURM_LOCALID": "1",
    "SLURM_STEP_NODELIST": "gpu[03-04],m1",
    "SLURM_STEP_NUM_NODES": "4",
    "SLURM_NODEID": "2",
}


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch):
    monkeypatch.setattr(cluster, "environment_place", lambda: None)


@pytest.mark.parametrize(
    "nodes, host", [("n1", "n1"), ("n1,n2", "n1"), ("n[03-05,9]", "n03"), ("a-b[7],c", "a-b7"), ("x.y,z", "x.y")]
)
def test_first_host(nodes, host):
    assert first_host(nodes) == host


def test_slurm_tells_process_and_node():
    assert slurm_place(SLURM) == Place(3, 4, 1, "gpu03")
    assert slurm_node(SLURM) == Place(2, 4, 0, "gpu03")


def test_slurm_outside_of_a_step_or_with_many_tasks_is_refused():
    with pytest.raises(InputError, match="srun.*SLURM_PROCID"):
        slurm_place({})
    with pytest.raises(InputError, match="ntasks-per-node=1"):
        slurm_node({**SLURM, "SLURM_STEP_NUM_NODES": "2"})


def test_mpi_without_its_package_names_the_command(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mpi4py", None)
    with pytest.raises(InputError, match="pip install mpi4py"):
        cluster.mpi_place()


def test_torchrun_variables(monkeypatch):
    monkeypatch.undo()
    env = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_ADDR": "h"}
    assert cluster.environment_place(env) == Place(1, 2, 0, "h")
    assert cluster.environment_place({"RANK": "1"}) is None


@pytest.mark.parametrize(
    "options, ngpu, expected",
    [
        ({}, 0, (1, Place(0, 1))),
        ({}, 2, (2, Place(0, 1))),
        ({"multiprocessing_distributed": True}, 0, (1, Place(0, 1))),
        ({"multiprocessing_distributed": True}, 1, (1, Place(0, 1))),
        ({"multiprocessing_distributed": True}, 4, (4, Place(0, 1))),
        ({"multiprocessing_distributed": True, "dist_world_size": 3}, 0, (3, Place(0, 1))),
        ({"multiprocessing_distributed": True, "dist_world_size": 2, "dist_rank": 1}, 4, (4, Place(1, 2, 0))),
        ({"dist_world_size": 2, "dist_rank": 1}, 1, (1, Place(0, 1))),
    ],
)
def test_processes_of_this_machine(options, ngpu, expected):
    assert processes_here(DistributedOptions(**options), ngpu) == expected


def test_refusals():
    with pytest.raises(InputError, match="--dist_rank"):
        processes_here(DistributedOptions(multiprocessing_distributed=True, dist_world_size=4), 2)
    with pytest.raises(InputError, match="needs --dist_rank"):
        place_of_process(DistributedOptions(dist_world_size=2))
    with pytest.raises(InputError, match="from 0 to 1, not 2"):
        place_of_process(DistributedOptions(dist_world_size=2, dist_rank=2))
