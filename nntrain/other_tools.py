"""Names that other tools use for nntrain's options and components, for hints in errors.

Covers PyTorch, Keras, scikit-learn, Caffe, Darknet and optax; for sweeps Optuna, Ray Tune and Weights & Biases.
Names are compared without case, `_` and `-`.
"""

from collections.abc import Iterable


def normalized(name: str) -> str:
    """ "LeakyReLU", "leaky_relu" and "leaky-relu" are one name: "leakyrelu"."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def _inverted(table: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """{our name: "their names"} -> {their name: our names, in the order of the table}."""
    found: dict[str, tuple[str, ...]] = {}
    for ours, theirs in table.items():
        for name in theirs.split():
            found[normalized(name)] = (*found.get(normalized(name), ()), ours)
    return found


# Our option -> their names. Dots lead from the top of a config to an option in a section.
OPTIONS = _inverted(
    {
        # Layers
        "units": "out_features output_dim output_size hidden_size hidden_units hidden_dim num_hidden num_units n_units "
        "n_hidden neurons features filters num_output num_classes n_classes embedding_dim embed_dim d_model",
        "filters": "out_channels num_output nb_filter num_filter num_filters n_filters channels features units",
        "kernel_size": "kernel kernel_w kernel_h kernel_shape ksize filter_size size window_shape pool_size",
        "pool_size": "kernel kernel_size ksize size window window_shape",
        "stride": "strides stride_w stride_h subsample subsampling",
        "padding": "pad pad_w pad_h border_mode",
        "dilation": "dilation_rate dilate kernel_dilation",
        "groups": "group num_groups num_group feature_group_count",
        "use_bias": "bias bias_term with_bias has_bias",
        "weight_initializer": "kernel_initializer kernel_init weight_init weight_filler embeddings_initializer "
        "depthwise_initializer initializer init",
        "bias_initializer": "bias_init bias_filler",
        "activation": "activation_fn activation_function act act_type nonlinearity non_linearity transfer_function",
        "rate": "p prob drop_prob drop_rate dropout_rate dropout_ratio probability",
        "probability": "p prob rate",
        "std": "stddev sigma scale",
        "slope": "alpha negative_slope leak",
        "affine": "elementwise_affine scale center learnable",
        "heads": "num_heads n_head n_heads nhead nheads",
        "causal": "is_causal use_causal_mask",
        "reverse": "go_backwards",
        "vocabulary": "num_embeddings vocab_size vocab input_dim n_tokens",
        "shape": "target_shape new_shape",
        "axes": "dims perm permutation order",
        "factor": "scale_factor",
        "merge": "merge_mode",
        "times": "n repeats repetitions num_layers depth",
        "pieces": "num_pieces k pool",
        # Sources
        "weight": "sample_weight sample_weights instance_weight case_weight",
        # Losses and metrics
        "label_smoothing": "label_smooth smoothing",
        "class_weights": "class_weight weight weights",
        "k": "top_k",
        # Optimizers
        "lr": "learning_rate init_lr initial_lr eta base_lr learning_rate_init initial_learning_rate step_size",
        "weight_decay": "wd weight_decay_rate decay",
        "eps": "epsilon",
        "betas": "beta beta1 beta2 beta_1 beta_2 b1 b2",
        "alpha": "rho decay smoothing_constant",
        # Schedules
        "gamma": "decay_rate factor drop lr_decay",
        "step_size": "step_every transition_steps decay_steps period",
        "milestones": "boundaries step_value steps boundaries_and_scales",
        "total": "t_max decay_steps transition_steps total_steps total_iters num_training_steps epochs steps",
        "eta_min": "min_lr end_value final_lr min_learning_rate",
        "max_lr": "max_learning_rate peak_value peak_lr",
        "t_0": "first_decay_steps",
        # Sections
        "name": "run_name experiment experiment_name job_name title",
        "seed": "random_seed random_state manual_seed rng_seed rng",
        "data": "dataset datasets train_data train_set training_data train_loader data_loader",
        "data.validation": "val valid val_split validation_split validation_fraction val_fraction val_size val_data "
        "val_set validation_data validation_set eval_set dev_set",
        "data.test": "test_split test_size test_fraction test_data test_set",
        "data.augment": "augmentation augmentations data_augmentation transform transforms",
        "data.standardize": "normalize normalise normalization standard_scaler scaler standardise",
        "model": "network net architecture arch",
        "model.layers": "layers hidden_layers hidden_layer_sizes sequential modules",
        "model.initializer": "init weight_init initialization weights_init",
        "loss": "criterion loss_fn loss_function losses objective cost cost_function",
        "metrics": "metric eval_metric eval_metrics scoring",
        "optimizer": "optim opt solver solver_type",
        "parameter_groups": "param_groups params_groups paramwise_cfg",
        "lr_scale": "lr_mult lr_multiplier lr_factor",
        "schedule": "scheduler lr_scheduler lr_schedule lr_policy policy learning_rate_policy learning_rate_schedule",
        "train": "training trainer fit",
        "train.epochs": "epoch n_epochs num_epochs nb_epoch max_epochs max_epoch num_train_epochs",
        "train.batch_size": "batch mini_batch minibatch minibatch_size mini_batch_size bs train_batch_size",
        "train.precision": "dtype floatx default_dtype",
        "train.regularize": "regularization regularizer regularizers penalty",
        "train.regularize.l1": "l1 l1_penalty l1_reg l1_regularization",
        "train.regularize.l2": "l2 l2_penalty l2_reg l2_regularization kernel_regularizer weight_regularizer reg_lambda",
        "train.grad_clip": "clip gradient_clip gradient_clipping clip_gradient",
        "train.grad_clip.norm": "clip_norm max_norm clip_grad_norm max_grad_norm global_clipnorm clip_gradients "
        "gradient_clip_norm gradient_clip_val grad_clip_norm",
        "train.grad_clip.value": "clip_value clip_grad_value grad_clip_value",
        "train.ema": "use_ema model_ema swa weight_average",
        "train.ema.decay": "ema_decay ema_momentum",
        "train.monitor": "metric_for_best_model checkpoint_monitor",
        "train.early_stopping": "early_stop n_iter_no_change",
        "train.early_stopping.patience": "early_stopping_patience early_stopping_rounds",
        "train.early_stopping.min_delta": "tol",
        "train.evaluate_every": "eval_every eval_interval eval_steps test_interval evaluation_frequency validation_freq "
        "val_check_interval check_val_every_n_epoch",
        "train.record": "track_grad_norm log_gradients log_grad_norm",
        "train.checkpoint.every_steps": "save_steps save_every save_interval snapshot checkpoint_frequency",
        # Sweeps
        "parameters": "params search_space space hyperparameters param_space param_grid param_distributions",
        "method": "sampler algorithm algo search_alg tuner",
        "trials": "n_trials num_trials max_trials num_samples n_iter run_cap",
        "time_limit": "timeout max_time time_budget time_budget_s",
        "objective": "metric target goal_metric",
        "folds": "cv n_folds n_splits num_folds k_folds",
        "pruning": "pruner early_terminate",
        "step": "q quantum",
    }
)

_SHAPE = "nntrain infers the input's shape: remove this option"
_COUNT = "Set `train.epochs`: the length of training is a number of epochs"
_CPU = "nntrain runs on the CPU: remove this option"
_THREADS = "The number of threads is not part of a config: remove this option"
_ORDER = (
    "Arrays have the axes (batch, steps, features) or (batch, height, width, channels): remove this option"
)

# Their option -> what to do, where nntrain has no such option.
EXPLAINED = {
    normalized(name): hint
    for hint, names in {
        _SHAPE: "in_features in_channels input_dim input_shape input_size input_channels batch_input_shape num_features "
        "normalized_shape num_input n_inputs",
        "Repeat layers with `repeat: {times: ..., layers: [...]}`": "num_layers n_layers depth",
        "nntrain shuffles the training split in each epoch: remove this option": "shuffle shuffle_data",
        _CPU: "device devices cuda use_cuda gpu gpus use_gpu accelerator solver_mode",
        _THREADS: "num_workers workers n_jobs num_threads threads",
        _COUNT: "max_iter max_iters iterations steps num_steps max_steps max_batches total_steps",
        _ORDER: "data_format batch_first channels_last channels_first time_major",
        "Set `warmup: {steps: ...}` or `warmup: {epochs: ...}` in the schedule": "warmup_steps warmup_epochs warmup_ratio "
        "num_warmup_steps burn_in",
        "Set `rate`, the probability of dropping a value: 1 minus this value": "keep_prob keep_probability",
        "Set `use_bias: false` for a layer without bias": "no_bias",
        "Whether higher is better is known from the metric: remove this option": "direction directions goal maximize minimize",
    }.items()
    for name in names.split()
}

# Our component -> their names. The family decides where a name has two meanings: `linear` is a layer or an activation.
COMPONENTS = _inverted(
    {
        # Ranges of sweeps
        "log_uniform": "loguniform log_uniform_values reciprocal qloguniform",
        "int": "randint int_uniform quniform_int suggest_int integer",
        "log_int": "lograndint int_log log_int_uniform",
        # Layers
        "dense": "Linear fc Dense InnerProduct FullyConnected fully_connected connected",
        "conv2d": "conv convolution convolutional convolution2d Conv Conv2dLayer",
        "conv1d": "convolution1d",
        "conv2d_transpose": "ConvTranspose2d deconvolution deconvolutional deconv Deconvolution2D",
        "depthwise_conv2d": "DepthwiseConvolution2D",
        "batch_norm": "BatchNorm1d BatchNorm2d BatchNormalization bn",
        "layer_norm": "LayerNormalization ln",
        "group_norm": "GroupNormalization gn",
        "rms_norm": "RMSNormalization",
        "max_pool2d": "MaxPooling2D max_pool maxpool pooling",
        "max_pool1d": "MaxPooling1D",
        "avg_pool2d": "AveragePooling2D average_pool2d avg_pool avgpool",
        "avg_pool1d": "AveragePooling1D average_pool1d",
        "global_avg_pool": "GlobalAveragePooling2D GlobalAveragePooling1D AdaptiveAvgPool2d global_average_pooling "
        "global_pool mean_pool",
        "global_max_pool": "GlobalMaxPooling2D GlobalMaxPooling1D AdaptiveMaxPool2d global_max_pooling",
        "upsample2d": "UpSampling2D upsample",
        "zero_pad2d": "ZeroPadding2D pad",
        "spatial_dropout": "SpatialDropout2D SpatialDropout1D Dropout2d Dropout1d",
        "simple_rnn": "RNN vanilla_rnn elman recurrent",
        "multi_head_attention": "MultiheadAttention attention self_attention MHA",
        "positional_encoding": "sinusoidal PositionalEncoding",
        "learned_positions": "positional_embedding PositionEmbedding wpe",
        "add": "sum residual_add eltwise",
        "multiply": "mul",
        "concat": "concatenate cat route",
        "residual": "skip resnet_block shortcut BasicBlock",
        "bidirectional": "BiLSTM BiGRU",
        "reshape": "view unflatten",
        "permute": "transpose",
        # Activations
        "identity": "linear none noop",
        "sigmoid": "logistic",
        "silu": "swish1",
        "leaky_relu": "leaky lrelu",
        "hard_swish": "hardswish",
        # Initializers
        "glorot_uniform": "xavier xavier_uniform",
        "glorot_normal": "xavier_normal",
        "he_uniform": "kaiming_uniform",
        "he_normal": "kaiming kaiming_normal msra",
        "normal": "random_normal gaussian",
        "uniform": "random_uniform quniform suggest_float suggest_uniform",
        "zeros": "zero",
        "ones": "one",
        # Losses and metrics
        "cross_entropy": "CrossEntropyLoss categorical_crossentropy sparse_categorical_crossentropy softmax_loss "
        "SoftmaxWithLoss softmax_cross_entropy softmax_cross_entropy_with_integer_labels log_loss ce logistic",
        "binary_cross_entropy": "BCEWithLogitsLoss BCELoss bce binary_crossentropy sigmoid_cross_entropy "
        "SigmoidCrossEntropyLoss sigmoid_binary_cross_entropy",
        "mse": "MSELoss mean_squared_error l2 l2_loss squared_error EuclideanLoss squared_loss",
        "mae": "L1Loss l1 mean_absolute_error absolute_error",
        "sse": "sum_squared_error",
        "huber": "HuberLoss",
        "smooth_l1": "SmoothL1Loss",
        "nll": "NLLLoss negative_log_likelihood",
        "kl_div": "KLDivLoss KLDivergence kullback_leibler_divergence",
        "hinge": "HingeLoss MultiMarginLoss",
        "poisson": "PoissonNLLLoss",
        "cosine": "CosineEmbeddingLoss cosine_similarity CosineAnnealingLR CosineAnnealing cosine_decay",
        "accuracy": "acc categorical_accuracy sparse_categorical_accuracy binary_accuracy",
        "top_k_accuracy": "top5 top_5_accuracy top_k sparse_top_k_categorical_accuracy",
        "rmse": "root_mean_squared_error",
        "r2": "r2_score",
        "f1": "f1_score fscore",
        "auc": "roc_auc auroc roc_auc_score",
        # Optimizers
        "sgd": "momentum SGDM nesterov gradient_descent stochastic_gradient_descent",
        "adam": "adam_optimizer",
        "schedule_free_sgd": "SGDScheduleFree",
        "schedule_free_adamw": "AdamWScheduleFree schedule_free",
        # Schedules
        "step": "StepLR staircase",
        "multi_step": "MultiStepLR multistep piecewise_constant_schedule piecewise_constant steps",
        "exponential": "ExponentialLR exponential_decay exp",
        "linear": "LinearLR linear_schedule",
        "polynomial": "PolynomialLR poly polynomial_decay PolynomialDecay",
        "cosine_restarts": "CosineAnnealingWarmRestarts cosine_decay_restarts CosineDecayRestarts",
        "one_cycle": "OneCycleLR cosine_onecycle_schedule",
        "cyclic": "CyclicLR",
        "reduce_on_plateau": "ReduceLROnPlateau plateau",
        "inverse_time": "inverse_time_decay InverseTimeDecay inv",
        "inverse_sqrt": "inverse_square_root rsqrt noam",
        "wsd": "warmup_stable_decay trapezoidal trapezoid",
        "constant": "ConstantLR constant_schedule fixed",
        # Augmentations
        "random_flip": "RandomHorizontalFlip hflip flip",
        "random_rotation": "RandomRotate rotate",
        "random_erasing": "cutout RandomErase",
        # Sources
        "image_folder": "ImageFolder image_dataset_from_directory",
        "csv": "table tabular parquet feather arrow excel xlsx json jsonl json_lines dataframe read_parquet read_excel read_csv",
    }
)


def our_name(name: object, table: dict[str, tuple[str, ...]], names: Iterable[str]) -> str | None:
    """Which of our `names` is meant by `name`, another tool's or another spelling; None where that is unknown."""
    if not isinstance(name, str):
        return None
    names = list(names)
    key = normalized(name)
    spellings = {normalized(ours): ours for ours in names}
    if key in spellings:
        return spellings[key]
    return next((ours for path in table.get(key, ()) if (ours := path.rpartition(".")[2]) in names), None)
