"""Changes of the sources after which a finding is gone and nobody may do anything else."""
